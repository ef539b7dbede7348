// Texts stay texts.
import assert from 'node:assert/strict';
import { test } from '../case.mjs';
import { scrollsSideways } from '../browser.mjs';
import { HOSTILE, TEXTS } from '../hostile.mjs';
import { until } from '../stage.mjs';

for (const width of [360, 1280]) {
  test(`hostile texts are shown, and do nothing, at ${width} px`, {}, async (t) => {
    const service = await t.service(HOSTILE.spec);
    await HOSTILE.set(service);
    const shown = await t.open(service, { width });
    const { page } = shown;
    await shown.turns('__proto__', 'unhealthy');
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
      await until(async () => assert.equal(await shown.row(name).count(), 1));
      await shown.expand(name);
    }
    await page.getByLabel('Tag').selectOption({ index: 1 });
    await page.getByLabel('Tag').selectOption('');
    for (const where of ['#banner', '.verdict', '#list', '#timeline', '#graph']) await page.locator(where).first().hover({ position: { x: 5, y: 5 } });
    await shown.updates(2);
    const text = await shown.row('__proto__').textContent();
    for (const part of TEXTS.filter((part) => /^[ -~]+$/.test(part))) assert.ok(text.includes(part), part);
    await shown.says('#banner', '<img src=x');
    assert.equal(await page.evaluate(() => globalThis.pwned), undefined);
    const made = await page.evaluate(() => [...document.querySelectorAll('*')].map((node) => node.localName).filter((name) => ['img', 'iframe', 'object', 'embed', 'textarea', 'template'].includes(name)));
    assert.deepEqual(made, []);
    assert.equal(await page.locator('script').count(), 1);
    assert.equal(await page.locator('[onerror], [onload], [onmouseover], [onclick], [href^="javascript"], #list style, #list a, #list script').count(), 0);
    assert.deepEqual(await page.evaluate(() => Object.keys(Object.prototype)), []);
    // Neither directions nor controls get out of their text.
    assert.doesNotMatch(await page.locator('body').innerText(), /[\u202a-\u202e\u0000-\u0008\u000b\u000c\u000e-\u001f\u0085]/);
    assert.equal(await scrollsSideways(page), false);
    const outside = await page.evaluate(() => [...document.querySelectorAll('.check, .verdict, #banner > *, #transitions > li, .top > *')].filter((node) => node.offsetParent && node.getBoundingClientRect().right > innerWidth + 1).map((node) => node.className || node.id));
    assert.deepEqual(outside, []);
    const clipped = await page.evaluate(() => [...document.querySelectorAll('time')].filter((node) => node.scrollWidth > node.clientWidth).length);
    assert.equal(clipped, 0, 'times that a name squeezes');
    const heights = await page.evaluate(() => [...document.querySelectorAll('.verdict, #banner, .top')].map((node) => node.getBoundingClientRect().height));
    for (const height of heights) assert.ok(height < 300, `${height} px`);
  });
}
