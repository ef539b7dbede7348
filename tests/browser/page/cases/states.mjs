// What can befall a service, each reached by real checks.
import assert from 'node:assert/strict';
import { test } from '../case.mjs';
import { until } from '../stage.mjs';

/** Checks that depend on each other in a chain, and one apart. What the first finds is known all the time. */
export const CHAIN = [
  { name: 'network', interval: 300, timeout: 250, tags: ['net'], description: 'The gateway answers.' },
  { name: 'database', depends_on: ['network'], tags: ['storage'] },
  { name: 'orders', depends_on: ['database'] },
  { name: 'invoices', depends_on: ['orders'] },
  { name: 'disk', tags: ['storage'], does: { message: '40 GiB free' } },
];

test('all is well', {}, async (t) => {
  const service = await t.service({ name: 'shop', checks: CHAIN });
  const shown = await t.open(service);
  for (const probe of ['readiness', 'liveness', 'startup']) await shown.verdict(probe, 'healthy');
  await shown.says(shown.card('readiness'), 'ready', '5 of 5 checks pass');
  await shown.says('#service', 'shop');
  await shown.says('#banner', 'Started');
  await shown.says(shown.row('disk'), 'Healthy', '40 GiB free', 'storage');
  assert.equal((await shown.rows()).length, 5);
  assert.equal(await shown.page.title(), '✓ healthy · shop');
  assert.equal(await shown.page.locator('#graph [data-failing]').count(), 0);
  assert.equal(await shown.page.locator('#graph .node').count(), 4);
});

test('degraded: slow, said so, or not critical', {}, async (t) => {
  const service = await t.service({ checks: [
    { name: 'slow', degraded_after: 20, does: { ms: 60 } },
    { name: 'lagging', does: { how: 'degrade', message: 'replica is 12 s behind' } },
    { name: 'mail', critical: false, does: { how: 'fail', message: 'no route' } }] });
  const shown = await t.open(service);
  await shown.verdict('readiness', 'degraded');
  await shown.says(shown.card('readiness'), 'degraded', 'lagging', 'replica is 12 s behind');
  await shown.says(shown.row('lagging'), 'Degraded', 'replica is 12 s behind');
  await shown.says(shown.row('slow'), 'Degraded');
  await shown.says(shown.row('mail'), 'Unhealthy', 'not critical', 'no route');
  assert.match(await shown.page.title(), /^▲ degraded/);
});

test('failing: the root cause first, what it affects, and the path in the graph', {}, async (t) => {
  const service = await t.service({ checks: CHAIN });
  const shown = await t.open(service);
  await shown.verdict('readiness', 'healthy');
  await service.turn('network', 'fail', { message: 'no gateway', error: 'ENETUNREACH 10.0.0.1' });
  await shown.verdict('readiness', 'unhealthy');
  await shown.turns('invoices', 'unhealthy');
  assert.doesNotMatch(await shown.text('#banner'), /service|healthy|well/i);
  const causes = shown.card('readiness').locator('.causes li');
  await until(async () => assert.equal(await causes.count(), 1));
  await shown.says(causes.first(), 'network', 'no gateway', 'affects', 'database', 'orders', 'invoices');
  await until(async () => assert.equal((await shown.rows())[0], 'network'));
  await shown.says(shown.row('network'), 'Unhealthy', 'ENETUNREACH 10.0.0.1');
  await shown.says(shown.row('database'), 'caused by', 'network');
  assert.equal(await shown.page.locator('#graph [data-failing]').count(), 3);
  assert.equal(await shown.page.locator('#graph .node[data-shown=unhealthy]').count(), 4);
  await shown.says('#graph-path', 'network', 'breaks', 'database', 'orders', 'invoices');
  assert.match(await shown.page.title(), /^✕ readiness not ready/);
  await service.turn('network', 'pass');
  await shown.verdict('readiness', 'healthy');
  await until(async () => assert.equal(await shown.page.locator('#graph [data-failing]').count(), 0));
  await shown.says('#transitions li:has-text("network") >> nth=0', 'unhealthy → healthy');
});

test('starting: gates and their progress, then started', {}, async (t) => {
  const service = await t.service({ gates: ['model', 'warm-up'], checks: [{ name: 'schema', probes: ['startup'], does: { how: 'fail', message: 'not migrated yet' } }, { name: 'database' }] });
  const shown = await t.open(service);
  await shown.verdict('startup', 'unhealthy');
  await shown.says('#banner', 'Starting', '2 gates not open', 'model', 'warm-up');
  await shown.says(shown.card('startup'), /Gate model\W+not open/, 'schema', 'not migrated yet');
  await service.act({ progress: { gate: 'model', text: 'loading 40 %' } });
  await shown.says(shown.card('startup'), 'loading 40 %');
  await service.act({ open: 'model' });
  await shown.says('#banner', '1 gate not open');
  await service.act({ open: 'warm-up' });
  await service.turn('schema', 'pass');
  await shown.verdict('startup', 'healthy');
  await shown.verdict('readiness', 'healthy');
  await shown.says('#banner', 'Started');
  await shown.says(shown.card('startup'), 'started');
});

test('draining: it says so, goes on by polling, and recovers', {}, async (t) => {
  const service = await t.service({ checks: [{ name: 'database' }] });
  const shown = await t.open(service);
  await shown.verdict('readiness', 'healthy');
  await service.act({ drain: true });
  await shown.says('#banner', 'Draining');
  await shown.says(shown.card('readiness'), 'draining');
  await shown.is('polling');
  await shown.says('#transitions li:has-text("drain") >> nth=0', 'draining');
  await service.turn('database', 'fail', { message: 'closed' });
  await shown.turns('database', 'unhealthy');
  assert.equal(await shown.page.locator('body[data-stale]').count(), 0);
  await service.turn('database', 'pass');
  await service.act({ drain: false });
  await shown.says('#banner', 'Started');
  await shown.is('live');
  await shown.verdict('readiness', 'healthy');
});

test('maintenance: its reason and its end', {}, async (t) => {
  const service = await t.service({ checks: [{ name: 'database' }] });
  const shown = await t.open(service);
  await service.act({ maintain: { reason: 'moving racks', ms: 1_800_000 } });
  await shown.says('#banner', 'Maintenance', 'moving racks', 'until', /29 min left/);
  await shown.says(shown.card('readiness'), 'maintenance', 'moving racks');
  await service.act('end_maintenance');
  await shown.says('#banner', 'Started');
  await service.act({ maintain: { reason: 'open end', ms: null } });
  await shown.says('#banner', 'open end');
  assert.doesNotMatch(await shown.text('#banner'), /until/);
});

test('an override, with its reason, until it ends', {}, async (t) => {
  const service = await t.service({ checks: [{ name: 'database', does: { how: 'fail', message: 'refused' } }, { name: 'mail' }] });
  const shown = await t.open(service);
  await shown.turns('database', 'unhealthy');
  await service.act({ force: { check: 'database', to: 'healthy', reason: 'INC-42: the check is wrong', ms: 600_000 } });
  await shown.turns('database', 'healthy');
  await shown.says('#banner', '1 override', 'database');
  await shown.says(shown.row('database'), 'forced healthy', 'INC-42: the check is wrong', 'until');
  const details = await shown.expand('database');
  await shown.says(details, 'INC-42: the check is wrong');
  await shown.verdict('readiness', 'healthy');
  await service.act({ end_override: 'database' });
  await shown.turns('database', 'unhealthy');
  await shown.says('#banner', 'Started');
});

test('a disabled check counts for nothing, and says so', {}, async (t) => {
  const service = await t.service({ checks: [{ name: 'search', does: { how: 'fail' } }, { name: 'database' }] });
  const shown = await t.open(service);
  await shown.verdict('readiness', 'unhealthy');
  await service.act({ disable: 'search' });
  await shown.turns('search', 'disabled');
  await shown.verdict('readiness', 'healthy');
  await shown.says('#banner', '1 disabled', 'search');
  await shown.says(shown.row('search'), 'Disabled', 'does not count');
  await service.act({ enable: 'search' });
  await shown.turns('search', 'unhealthy');
});

test('a registry with a mistake', {}, async (t) => {
  const service = await t.service({ misconfigured: true, checks: [{ name: 'database' }] });
  const shown = await t.open(service);
  await shown.says('#banner', 'Misconfigured');
  await shown.says(shown.card('readiness'), 'misconfigured');
  await shown.says(shown.card('startup'), 'misconfigured');
  await shown.verdict('liveness', 'healthy');
  await shown.says('#nothing', /[Nn]o check/);
});

test('a check that never ran is not shown as failing or passing', {}, async (t) => {
  const service = await t.service({ checks: [{ name: 'nightly', interval: 3_600_000, initial_delay: 3_600_000 }, { name: 'database' }] });
  const shown = await t.open(service);
  await shown.turns('nightly', 'unknown');
  await shown.says(shown.row('nightly'), 'Not run yet', 'counts as unhealthy', 'never ran');
  await shown.says(shown.card('readiness'), 'nightly');
  await shown.says('label:has-text("Not run yet")', '1');
});

test('a check that hangs times out, and then still runs', {}, async (t) => {
  const service = await t.service({ checks: [{ name: 'queue', timeout: 200, cancel_after: 600_000, does: { how: 'hang' } }, { name: 'database' }] });
  const shown = await t.open(service);
  await shown.turns('queue', 'unhealthy');
  await shown.says(shown.row('queue'), /still running/);
  await shown.turns('database', 'healthy');
  assert.equal(await shown.page.locator('body[data-connection=live]').count(), 1);
});

test('a check that times out each time', {}, async (t) => {
  const service = await t.service({ checks: [{ name: 'queue', timeout: 200, does: { how: 'hang' } }] });
  const shown = await t.open(service);
  await shown.says(shown.row('queue'), 'timed out', 'of 200 ms', /([2-9]|1\d) failures/);
});

test('a check that panics', {}, async (t) => {
  const service = await t.service({ checks: [{ name: 'parser', does: { how: 'panic', error: 'index out of bounds' } }] });
  const shown = await t.open(service);
  await shown.says(shown.row('parser'), 'Unhealthy', 'panicked', 'index out of bounds');
});

test('a check that flaps: each turn is in the timeline and in the history', {}, async (t) => {
  const service = await t.service({ checks: [{ name: 'link', interval: 250, timeout: 200, does: { how: 'flap' } }, { name: 'database' }] });
  const shown = await t.open(service);
  const turns = shown.page.locator('#transitions li:has-text("link")');
  await until(async () => assert.ok(await turns.count() >= 8));
  const told = (await service.transitions()).filter(({ check }) => check === 'link');
  const said = await turns.locator('p:nth-of-type(2)').allInnerTexts();
  for (let i = 1; i < said.length - 1; i++) assert.notEqual(said[i], said[i - 1], 'a turn is missing');
  assert.ok(Math.abs(told.length - said.length) <= 2, `${told.length} told, ${said.length} shown`);
  const label = await shown.row('link').locator('.spark').getAttribute('aria-label');
  assert.match(label, /\d+ runs: [1-9]\d* failed/);
});

test('children: parts of what is checked', {}, async (t) => {
  const children = [{ name: 'shard_1' }, { name: 'shard_2', how: 'fail', message: 'connection refused' }, { name: 'shard_3', how: 'degrade', message: 'slow' }];
  const service = await t.service({ checks: [{ name: 'shards', does: { children } }] });
  const shown = await t.open(service);
  await shown.turns('shards', 'unhealthy');
  const details = await shown.expand('shards');
  await shown.says(details, /Healthy\s+shard_1/, /Unhealthy\s+shard_2\s+connection refused/, /Degraded\s+shard_3\s+slow/);
  await service.turn('shards', 'pass', { children: children.map(({ name }) => ({ name })) });
  await shown.says('#transitions li:has-text("shard_2") >> nth=0', 'shards / shard_2', 'unhealthy → healthy');
});

test('history: sparkline, runs, last success, failures in a row, timeout, next run', {}, async (t) => {
  const service = await t.service({ checks: [{ name: 'database', interval: 300, timeout: 250, does: { ms: 5 } }] });
  const shown = await t.open(service);
  await shown.says(shown.row('database'), 'of 250 ms', /passed \d s ago/, /next (in|is)/);
  const spark = shown.row('database').locator('.spark');
  await until(async () => assert.match(await spark.getAttribute('aria-label'), /\b([5-9]|1\d|20) runs: 0 failed/));
  assert.notEqual(await spark.locator('.spark-limit').getAttribute('d'), '', 'a line of the timeout');
  await service.turn('database', 'fail', { error: 'refused' });
  await shown.says(shown.row('database'), /([3-9]|1\d) failures/);
  await until(async () => assert.match(await spark.getAttribute('aria-label'), /: ([3-9]|1\d) failed/));
  const details = await shown.expand('database');
  await shown.says(details, 'Runs every', '300 ms', 'Timeout', /[Ll]ast success/, 'behaviour.rs:');
});

test('checks that come and go', {}, async (t) => {
  const service = await t.service({ checks: [{ name: 'database' }, { name: 'old' }] });
  const shown = await t.open(service);
  await shown.turns('old', 'healthy');
  await service.act({ register: { name: 'fresh', does: { message: 'hello' } } });
  await shown.says(shown.row('fresh'), 'hello');
  await service.act({ remove: 'old' });
  await shown.row('old').waitFor({ state: 'detached' });
  await shown.says('#count', '2 checks');
});

test('a service without checks', {}, async (t) => {
  const shown = await t.open(await t.service({}));
  await shown.verdict('readiness', 'healthy');
  await shown.says('#nothing', /[Nn]o check/);
});
