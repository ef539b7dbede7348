// Keyboards, screen readers, preferences.
import assert from 'node:assert/strict';
import { test } from '../case.mjs';
import { violations, scrollsSideways } from '../browser.mjs';
import { TOKEN, until } from '../stage.mjs';
import { SCENES } from '../scenes.mjs';

const focused = (shown) => shown.page.evaluate(() => { const { activeElement: node } = document; return (node.getAttribute('aria-label') ?? node.labels?.[0]?.innerText ?? node.innerText).trim().split('\n')[0]; });

test('by keyboard alone: the order, a row, the form', { expected: /401/ }, async (t) => {
  const service = await t.service({ access: 'more', checks: [{ name: 'database', does: { how: 'fail' } }, { name: 'disk' }] });
  const shown = await t.open(service);
  const { keyboard } = shown.page;
  await shown.turns('database', 'unhealthy');
  await keyboard.press('Tab');
  assert.match(await focused(shown), /Skip to the checks/);
  await keyboard.press('Enter');
  const order = [];
  for (let i = 0; i < 14; i++) { await keyboard.press('Tab'); order.push(await focused(shown)); }
  const places = ['Search', 'Probe', 'Unhealthy', 'Healthy', 'database', 'disk'].map((part) => order.findIndex((text) => text.startsWith(part)));
  assert.ok(places.every((place, i) => place >= 0 && (!i || place > places[i - 1])), `${places} in ${order}`);
  await shown.page.locator('[data-check=database] .toggle').focus();
  await keyboard.press('Enter');
  await shown.row('database').locator('.details').waitFor();
  assert.equal(await shown.row('database').locator('.toggle').getAttribute('aria-expanded'), 'true');
  await shown.updates(2);
  assert.match(await focused(shown), /^database/, 'an update leaves the focus');
  await keyboard.press('Space');
  await shown.row('database').locator('.details').waitFor({ state: 'hidden' });
  await shown.page.getByRole('button', { name: 'Give a credential' }).first().focus();
  await keyboard.press('Enter');
  await shown.page.getByRole('dialog').waitFor();
  await keyboard.press('Escape');
  await shown.page.getByRole('dialog').waitFor({ state: 'hidden' });
  assert.match(await focused(shown), /Give a credential/);
  await keyboard.press('Enter');
  await keyboard.type(TOKEN);
  await keyboard.press('Enter');
  await shown.page.waitForSelector('body[data-level=full]');
});

test('what has the focus can be seen', {}, async (t) => {
  const shown = await t.open(await t.service({ checks: [{ name: 'database' }] }));
  await shown.turns('database', 'healthy');
  for (let i = 0; i < 16; i++) {
    await shown.page.keyboard.press('Tab');
    const seen = await shown.page.evaluate(() => {
      const { activeElement: node } = document;
      const rings = (one) => { const { outlineStyle, outlineWidth } = getComputedStyle(one); return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2; };
      return node === document.body || rings(node) || rings(node.closest('label') ?? node);
    });
    assert.ok(seen, `${await focused(shown)} has no ring`);
  }
});

test('verdicts are announced when they change, and nothing else is', {}, async (t) => {
  const service = await t.service({ checks: [{ name: 'database' }, { name: 'mail', critical: false }, { name: 'flag', interval: 300, timeout: 250, does: { how: 'pass' } }] });
  const shown = await t.open(service);
  await shown.verdict('readiness', 'healthy');
  await shown.updates(3);
  const said = async () => (await shown.watched()).said;
  const before = (await said()).length;
  await shown.updates(2);
  await service.turn('database', 'pass', { message: 'another message' });
  await shown.says(shown.row('database'), 'another message');
  assert.equal((await said()).length, before, 'nothing but verdicts');
  await service.turn('database', 'fail', { message: 'refused' });
  await until(async () => assert.match((await said()).slice(before).join(' '), /readiness is now not ready.*database.*refused/));
  await shown.updates(3);
  assert.equal((await said()).length, before + 1, `once: ${await said()}`);
});

test('less motion, for those who want it', {}, async (t) => {
  const service = await t.service({ checks: [{ name: 'database' }] });
  const still = await t.open(service, { context: { reducedMotion: 'reduce' } });
  const moving = await t.open(service);
  const motions = async ({ page }) => page.evaluate(() => [...document.querySelectorAll('*')].filter((node) => {
    const { animationName, animationPlayState, transitionDuration } = getComputedStyle(node);
    return (animationName !== 'none' && animationPlayState === 'running') || transitionDuration.split(',').some((s) => parseFloat(s) > 0);
  }).length);
  for (const shown of [still, moving]) await shown.updates(1);
  assert.equal(await motions(still), 0);
  assert.ok(await motions(moving) > 0, 'or this test sees none');
});

test('the theme: of the system, and as chosen', {}, async (t) => {
  const service = await t.service({ checks: [{ name: 'database' }] });
  const ground = ({ page }) => page.evaluate(() => getComputedStyle(document.body).backgroundColor.match(/\d+/g).slice(0, 3).reduce((sum, n) => sum + Number(n), 0) / 3);
  const dark = await t.open(service, { theme: 'dark' });
  assert.ok(await ground(dark) < 60);
  const light = await t.open(service, { theme: 'light' });
  assert.ok(await ground(light) > 200);
  const button = light.page.getByRole('button', { name: /Theme/ });
  await until(async () => { await button.click(); assert.match(await button.innerText(), /dark/); });
  assert.ok(await ground(light) < 60);
  await light.page.reload();
  await light.is('live');
  assert.ok(await ground(light) < 60, 'it is remembered');
});

for (const [name, { spec, set, ready, expected }] of Object.entries(SCENES)) {
  test(`no accessibility violation, no scrolling sideways: ${name}`, { expected, most: 120_000 }, async (t) => {
    const service = await t.service(spec);
    const shown = await t.open(service, { ready });
    await set(service, shown);
    const first = shown.page.locator('.toggle').first();
    if (ready !== false && await first.isVisible()) await first.click();
    await shown.everyLook(async (width, theme) => {
      assert.deepEqual(await violations(shown.page), [], `${width} px, ${theme}`);
      assert.equal(await scrollsSideways(shown.page), false, `${width} px, ${theme}`);
    });
  });
}
