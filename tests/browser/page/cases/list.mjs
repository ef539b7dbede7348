// Finding checks among many, and keeping one's place.
import assert from 'node:assert/strict';
import { test } from '../case.mjs';
import { until } from '../stage.mjs';

const CHECKS = [
  { name: 'cache', tags: ['storage'], does: { message: 'warm' } },
  { name: 'database', tags: ['storage', 'core'], probes: ['readiness', 'startup'], does: { how: 'fail', message: 'refused' } },
  { name: 'disk', tags: ['storage'], probes: ['liveness', 'readiness'] },
  { name: 'mail', tags: ['external'], critical: false, does: { how: 'degrade', message: 'slow relay' } },
  { name: 'search', tags: ['external'] },
];
const sameRows = (shown, rows) => until(async () => assert.deepEqual((await shown.rows()).sort(), rows));

test('filters: search, probe, tag, status, and their address', {}, async (t) => {
  const service = await t.service({ checks: CHECKS });
  const shown = await t.open(service);
  const { page } = shown;
  await shown.turns('database', 'unhealthy');
  await page.getByLabel('Search').fill('refused');
  await sameRows(shown, ['database']);
  await shown.says('#count', /1 of 5/);
  await page.getByLabel('Search').fill('');
  await page.getByLabel('Probe').selectOption('liveness');
  await sameRows(shown, ['disk']);
  await page.getByLabel('Probe').selectOption('');
  await page.getByLabel('Tag').selectOption('storage');
  await sameRows(shown, ['cache', 'database', 'disk']);
  await page.getByRole('checkbox', { name: 'Unhealthy' }).check();
  await sameRows(shown, ['database']);
  const address = page.url();
  const again = await t.open(service, { path: `/health/ui${new URL(address).hash}` });
  await sameRows(again, ['database']);
  assert.equal(await again.page.getByLabel('Tag').inputValue(), 'storage');
  assert.ok(await again.page.getByRole('checkbox', { name: 'Unhealthy' }).isChecked());
  // It moves as checks turn.
  await service.turn('cache', 'fail', { message: 'cold' });
  await sameRows(again, ['cache', 'database']);
  await page.getByRole('button', { name: 'Clear' }).click();
  await sameRows(shown, ['cache', 'database', 'disk', 'mail', 'search']);
  assert.equal(new URL(page.url()).hash, '');
  await page.getByLabel('Search').fill('nothing like it');
  await shown.says('#nothing', /[Nn]o check/);
});

test('an address of somebody else is read, whatever it says', {}, async (t) => {
  const service = await t.service({ checks: CHECKS });
  for (const hash of ['#tag=%3Cimg%20src%3Dx%20onerror%3Dpwned%3D1%3E&q=', '#status=__proto__&probe=constructor&sort=evil', '#q=%', '#q=%E0%A4%A', '#=&&=&', `#q=${'x'.repeat(5000)}`, '#tag=javascript:pwned=1']) {
    const shown = await t.open(service, { path: `/health/ui${hash}` });
    await shown.verdict('readiness', 'unhealthy');
    await shown.updates(1);
  }
});

test('failing ones first, and none moves under the pointer', {}, async (t) => {
  const service = await t.service({ checks: CHECKS });
  const shown = await t.open(service);
  await until(async () => assert.deepEqual((await shown.rows()).slice(0, 2), ['database', 'mail']));
  const row = shown.row('search');
  await row.hover();
  await (await shown.expand('search')).waitFor();
  const [before, top] = [await shown.rows(), (await row.boundingBox()).y];
  await service.turn('disk', 'fail', { message: 'full' });
  await shown.turns('disk', 'unhealthy');
  await shown.updates(2);
  assert.deepEqual(await shown.rows(), before);
  assert.equal((await row.boundingBox()).y, top);
  assert.ok(await row.locator('.details').isVisible());
  await shown.page.locator('#settle').click();
  await until(async () => assert.deepEqual((await shown.rows()).slice(0, 2), ['database', 'disk']));
});

test('what is selected stays selected', {}, async (t) => {
  const service = await t.service({ checks: CHECKS });
  const shown = await t.open(service);
  const details = await shown.expand('database');
  await details.evaluate((node) => getSelection().selectAllChildren(node.querySelector('dd')));
  const selected = await shown.page.evaluate(() => String(getSelection()));
  assert.ok(selected.length > 2);
  await service.turn('database', 'fail', { message: 'refused again' });
  await shown.updates(3);
  assert.equal(await shown.page.evaluate(() => String(getSelection())), selected);
});

test('a cause leads to its check', {}, async (t) => {
  const shown = await t.open(await t.service({ checks: CHECKS }));
  await shown.card('readiness').getByRole('button', { name: 'database' }).click();
  await shown.row('database').locator('.details').waitFor();
  assert.equal(await shown.page.evaluate(() => document.activeElement.closest('[data-check]')?.dataset.check), 'database');
});
