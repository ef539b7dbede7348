// Who may know what, and how they show who they are.
import assert from 'node:assert/strict';
import { test } from '../case.mjs';
import { KEY, TOKEN, until } from '../stage.mjs';

/** Texts that only those may read who may know everything, and those for a summary. */
const PRIVATE = ['refused by 10.0.0.7', 'kept-from-strangers', 'pool_of_9', 'storage-tag', 'ledger', 'behaviour.rs', 'secret_child_text'];
const SUMMARY = ['database', 'orders', 'connection refused', 'Orders are kept here.', 'shop-of-ours', 'moving racks', 'shard_1'];
const spec = (access) => ({ name: 'shop-of-ours', access, gates: ['model-gate'], checks: [
  { name: 'database', interval: 300, timeout: 250, tags: ['storage-tag'], description: 'Orders are kept here.',
    does: { how: 'fail', message: 'connection refused', error: 'refused by 10.0.0.7, password=hunter2', data: { pool: 'pool_of_9' }, children: [{ name: 'shard_1' }] } },
  { name: 'orders', does: { how: 'fail', error: 'kept-from-strangers' } },
  { name: 'ledger', hidden: true, does: { how: 'fail', message: 'secret_child_text' } }] });

/** All that is shown, and all that the browser was sent. */
async function everything(shown) {
  const folded = shown.page.locator('.toggle[aria-expanded=false]');
  while (await folded.count()) await folded.first().click();
  await shown.updates(2);
  const page = await shown.page.locator('html').evaluate((html) => html.outerHTML);
  return page + shown.wire.text();
}
const none = (text, of) => { for (const part of of) assert.ok(!text.includes(part), `${part} was sent`); };

test('status_only: verdicts, and not a byte more', {}, async (t) => {
  const service = await t.service(spec('status_only'));
  const shown = await t.open(service);
  await service.act({ maintain: { reason: 'moving racks', ms: null } });
  await shown.verdict('readiness', 'unhealthy');
  none(await everything(shown), [...PRIVATE, ...SUMMARY, 'hunter2', 'model-gate']);
  for (const section of ['#checks', '#graph', '#timeline']) assert.ok(await shown.page.locator(section).isHidden());
  await shown.says('#access', /credential/i);
});

test('summary: names and public texts, and not a byte more', {}, async (t) => {
  const service = await t.service(spec('summary'));
  const shown = await t.open(service);
  await shown.turns('database', 'unhealthy');
  await shown.says(shown.row('database'), 'connection refused');
  await shown.says(await shown.expand('database'), 'Orders are kept here.');
  const text = await everything(shown);
  none(text, [...PRIVATE, 'hunter2']);
  for (const part of SUMMARY.filter((part) => part !== 'moving racks')) assert.ok(text.includes(part), part);
  assert.ok(await shown.page.locator('#graph').isHidden());
  await shown.says('#access', /credential/i);
});

test('full: all of it, but no secret', {}, async (t) => {
  const shown = await t.open(await t.service(spec('full')));
  await shown.turns('database', 'unhealthy');
  const text = await everything(shown);
  for (const part of [...PRIVATE, 'model-gate']) assert.ok(text.includes(part), part);
  none(text, ['hunter2']);
});

/** The form for a credential. */
class Form {
  constructor({ page }) { Object.assign(this, { page, dialog: page.getByRole('dialog'), secret: page.getByLabel('Token or key') }); }
  async give(secret, kind) {
    if (kind) await this.page.getByRole('combobox', { name: 'Kind' }).selectOption({ label: kind });
    await this.secret.fill(secret);
    await this.secret.press('Enter');
  }
}

test('401: a form, a wrong credential, the right one, and forgetting it', { expected: /401/ }, async (t) => {
  const shown = await t.open(await t.service(spec('credential')), { ready: false });
  const form = new Form(shown);
  await form.dialog.waitFor();
  none(shown.wire.text(), [...PRIVATE, ...SUMMARY]);
  assert.equal(await shown.page.getByText('last known').first().isVisible(), false, 'nothing is known');
  assert.equal(await form.secret.getAttribute('type'), 'password');
  assert.equal(await form.secret.getAttribute('autocomplete'), 'off');
  await form.give('of-somebody-else');
  await shown.says('[role=alert]', /not accepted/);
  none(shown.wire.text(), [...PRIVATE, ...SUMMARY]);
  await form.give(TOKEN);
  await shown.is('live');
  await shown.turns('database', 'unhealthy');
  assert.ok(await form.dialog.isHidden());
  assert.equal(await shown.page.evaluate(() => JSON.stringify([sessionStorage, localStorage]).includes('7Xf2')), false);
  await shown.page.reload();
  await form.dialog.waitFor();
});

test('401: an API key, remembered for this tab alone', { expected: /401/ }, async (t) => {
  const shown = await t.open(await t.service(spec('credential')), { ready: false });
  const form = new Form(shown);
  await form.dialog.waitFor();
  await shown.page.getByLabel('Remember for this tab').check();
  await form.give(KEY, 'API key, x-api-key');
  await shown.is('live');
  await shown.page.reload();
  await shown.is('live');
  assert.ok(await form.dialog.isHidden());
  assert.equal(await shown.page.evaluate(() => JSON.stringify(localStorage).includes('Q9dV')), false);
  // Another tab knows nothing of it.
  const other = await shown.page.context().newPage();
  await other.goto(shown.page.url());
  await other.getByRole('dialog').waitFor();
});

test('a credential shows more, and forgetting it shows less', { expected: /401/ }, async (t) => {
  const shown = await t.open(await t.service(spec('more')));
  await shown.turns('database', 'unhealthy');
  await shown.page.getByRole('button', { name: 'Give a credential' }).first().click();
  const form = new Form(shown);
  await form.give(TOKEN);
  await shown.says(shown.row('database'), 'refused by 10.0.0.7');
  await shown.turns('ledger', 'unhealthy');
  await shown.page.reload();
  await shown.turns('database', 'unhealthy');
  assert.equal(await shown.row('ledger').count(), 0);
  await shown.says(shown.row('database'), 'connection refused');
  const text = await shown.page.locator('html').evaluate((html) => html.outerHTML);
  none(text, PRIVATE);
});

test('403: not even the page is there', { expected: /40[34]/ }, async (t) => {
  const service = await t.service(spec('elsewhere'));
  const shown = await t.open(service, { ready: false });
  assert.equal((await shown.page.reload()).status(), 403);
  none(shown.wire.text(), [...PRIVATE, ...SUMMARY]);
});

test('403 while it is open: what was shown is not shown as fresh', { expected: /403/ }, async (t) => {
  const shown = await t.open(await t.service(spec('full')));
  await shown.turns('database', 'unhealthy');
  // What a proxy does that was told to let nobody in.
  await shown.page.route(/\/ui\/(state|events)/, (route) => route.fulfill({ status: 403, contentType: 'application/json', body: '{"status":"forbidden","detail":"not from this network"}' }));
  await shown.is('forbidden');
  await shown.says('main', 'not from this network');
  assert.equal(await shown.page.locator('body[data-stale]').count(), 1);
  await shown.page.unroute(/\/ui\/(state|events)/);
  await shown.is('live');
  await until(async () => assert.equal(await shown.page.locator('body[data-stale]').count(), 0));
});
