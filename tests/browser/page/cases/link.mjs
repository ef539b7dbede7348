// The link to the server: lost, frozen, taken by others, behind proxies, and found again.
import assert from 'node:assert/strict';
import { colourfulness } from '../browser.mjs';
import { plain, test } from '../case.mjs';
import { until } from '../stage.mjs';
import { ReverseProxy } from '../wire.mjs';

const BROKEN = /ERR_|Failed to load|429/;
const seconds = async (shown) => Number(/Disconnected for (\d+) s/.exec(await shown.text('#connection'))?.[1] ?? NaN);

/** That nothing looks as if it were known now. */
async function looksOld(shown) {
  assert.equal(await shown.page.locator('body[data-stale]').count(), 1);
  await shown.says('#connection', /Disconnected for \d+ s/, /as of \d\d:\d\d:\d\d/);
  assert.ok(await shown.card('readiness').getByText('last known').isVisible());
  assert.doesNotMatch(await shown.page.title(), /✓|healthy/);
  const colour = await colourfulness(shown.page.locator('main'));
  assert.ok(colour < 30, `${colour}: no colour of a status that is known is left`);
}
/** That it says so within few seconds, and counts them. */
async function countsUp(shown) {
  await shown.is('lost', 8000);
  const first = await seconds(shown);
  assert.ok(first >= 2 && first <= 6, `${first} s`);
  const [begin, began] = [first, Date.now()];
  await until(async () => (await seconds(shown)) >= begin + 2);
  assert.ok(Math.abs(Date.now() - began - 2000) < 1500, 'as the clock does');
}
const fresh = async (shown) => {
  await until(async () => assert.equal(await shown.page.locator('body[data-stale]').count(), 0));
  assert.doesNotMatch(await shown.text('#connection'), /Disconnected/);
};

test('the server is gone, and another one comes on its port', { expected: BROKEN }, async (t) => {
  const service = await t.service({ name: 'shop', checks: [{ name: 'database' }] });
  const shown = await t.open(service);
  await shown.turns('database', 'healthy');
  assert.ok(await colourfulness(shown.page.locator('main')) > 40, 'or this test sees none');
  await service.act('stop');
  await countsUp(shown);
  await looksOld(shown);
  await service.act('start_again');
  await shown.is('live');
  await fresh(shown);
  await shown.verdict('readiness', 'healthy');
  await service.turn('database', 'fail', { message: 'of the new one' });
  await shown.says(shown.row('database'), 'of the new one');
  const uptime = Number(/up (\d+) s/.exec(await shown.text('#uptime'))[1]);
  assert.ok(uptime < 20, `${uptime} s, of the new one`);
});

test('a stream that freezes', { expected: BROKEN }, async (t) => {
  const service = await t.service({ checks: [{ name: 'database' }] });
  const shown = await t.open(service, { width: 360 });
  await shown.turns('database', 'healthy');
  shown.wire.freeze();
  await countsUp(shown);
  await looksOld(shown);
  assert.deepEqual((await shown.watched()).shifts, [], 'nothing moves for it');
  await service.turn('database', 'fail', { message: 'meanwhile' });
  shown.wire.thaw();
  await fresh(shown);
  await shown.says(shown.row('database'), 'meanwhile');
  await shown.is('live', 40_000);
});

test('a stream that is cut is opened again, and nothing looks old', { expected: BROKEN }, async (t) => {
  const service = await t.service({ checks: [{ name: 'database' }] });
  const shown = await t.open(service);
  await shown.updates(1);
  for (let i = 0; i < 2; i++) {
    shown.wire.cut();
    await shown.updates(2);
  }
  assert.equal(await shown.page.locator('body[data-stale]').count(), 0);
});

test('streams are renewed without a gap', {}, async (t) => {
  const shown = await t.open(await t.service({ checks: [{ name: 'database' }] }));
  await shown.page.evaluate(() => {
    globalThis.lapses = [];
    new MutationObserver(() => { const { connection, stale } = document.body.dataset; if (connection !== 'live' || stale) lapses.push(connection); }).observe(document.body, { attributes: true });
  });
  await until(() => shown.wire.count('"reason":"renew"') >= 2);
  await shown.updates(2);
  assert.deepEqual(await shown.page.evaluate(() => lapses), []);
});

/** Takes all places for streams, again and again, until told to let them go. */
async function crowd(t, service) {
  // One for each request: a signal keeps a listener of every request that it was given to.
  const open = new Set();
  let over = false;
  const control = { abort() { over = true; for (const one of open) one.abort(); } };
  const hold = async () => {
    while (!over) {
      const own = new AbortController();
      open.add(own);
      try {
        const response = await fetch(`http://127.0.0.1:${service.port}/health/ui/events`, { signal: own.signal });
        if (response.ok) for await (const _ of response.body);
        else await response.body.cancel();
      } catch { /* the next one */ }
      open.delete(own);
    }
  };
  // More than there are places: one that becomes free is taken at once.
  const held = Promise.all(Array.from({ length: 40 }, hold));
  t.own(control, async () => { control.abort(); await held; });
  return control;
}

test('too many look: it polls, and streams again when there is room', { expected: BROKEN, most: 120_000 }, async (t) => {
  const service = await t.service({ checks: [{ name: 'database' }] });
  const crowded = await crowd(t, service);
  await until(async () => {
    const { status, body } = await fetch(`http://127.0.0.1:${service.port}/health/ui/events`);
    await body.cancel();
    return status === 429;
  });
  const shown = await t.open(service, { ready: false });
  await shown.is('polling');
  await service.turn('database', 'fail', { message: 'seen by polling' });
  await shown.says(shown.row('database'), 'seen by polling');
  assert.equal(await shown.page.locator('body[data-stale]').count(), 0);
  crowded.abort();
  await shown.is('live', 60_000);
});

test('behind a reverse proxy that strips a prefix', {}, async (t) => {
  const service = await t.service({ checks: [{ name: 'database' }] });
  const proxy = t.own(await ReverseProxy.to(service.port, '/teams/shop'));
  for (const slash of ['', '/']) {
    const shown = await t.open(service, { port: proxy.port, path: `/teams/shop/health/ui${slash}` });
    await shown.turns('database', 'healthy');
    await shown.updates(1);
  }
  const strangers = proxy.paths.filter((path) => !path.startsWith('/teams/shop/health/ui'));
  assert.deepEqual(strangers, []);
});

test('below another prefix, and with a slash at the end', {}, async (t) => {
  const service = await t.service({ prefix: '/internal/status', checks: [{ name: 'database' }] });
  for (const path of ['/internal/status/ui', '/internal/status/ui/', '/internal/status/ui?a=b#q=data']) {
    const shown = await t.open(service, { path });
    await shown.turns('database', 'healthy');
  }
});

test('a tab that is hidden lets its place go, and is up to date when it is shown', {}, async (t) => {
  const service = await t.service({ checks: [{ name: 'database' }] });
  const shown = await t.open(service);
  await shown.turns('database', 'healthy');
  // A headless browser has no tabs that are hidden.
  const hide = (hidden) => shown.page.evaluate((value) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => value });
    document.dispatchEvent(new Event('visibilitychange'));
  }, hidden);
  const streaming = () => [...shown.wire.pairs].length;
  await hide(true);
  await service.turn('database', 'fail', { message: 'unseen' });
  await until(() => streaming() === 0, 15_000);
  assert.doesNotMatch(await shown.page.title(), /✓/);
  await hide(false);
  await shown.says(shown.row('database'), 'unseen');
  await shown.is('live');
  assert.doesNotMatch(plain(await shown.text('#connection')), /Disconnected/);
});
