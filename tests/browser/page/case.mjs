// A case: what it starts is stopped after it, and whatever befalls, some things must not be.
import assert from 'node:assert/strict';
import { watch } from './browser.mjs';
import { Service, until } from './stage.mjs';
import { Wire } from './wire.mjs';

const cases = [];

/** `alone`: nothing else runs meanwhile, for it measures. `expected`: what the console may say. */
export function test(name, options, body) {
  cases.push({ name, body, expected: /^$/, alone: false, most: 90_000, ...options });
}
export const all = () => cases;

const HEIGHTS = { 360: 780, 1280: 900, 2560: 1440 };

export class Case {
  constructor(browser, expected) { Object.assign(this, { browser, expected, problems: [], ends: [] }); }

  /** Something to be closed at the end. */
  own(thing, end) { this.ends.push(end ?? (() => thing.close())); return thing; }

  async service(spec) {
    const service = await Service.start(spec);
    return this.own(service, () => service.act('stop'));
  }

  /** The page of a service, over a wire of its own. */
  async open(service, { width = 1280, theme = 'light', path = `${service.prefix}/ui`, port, ready = true, context: more = {}, before = () => {} } = {}) {
    const wire = this.own(await Wire.to(port ?? service.port));
    const context = await this.browser.newContext({ viewport: { width, height: HEIGHTS[width] }, colorScheme: theme, reducedMotion: 'no-preference', locale: 'en-GB', timezoneId: 'UTC', ...more });
    this.own(context);
    const page = this.page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const origin = `http://127.0.0.1:${wire.port}`;
    page.on('console', (said) => { if (['error', 'warning'].includes(said.type())) this.problem(said.text()); });
    page.on('pageerror', (error) => this.problem(error.stack));
    page.on('dialog', (dialog) => { this.problem(`a dialog: ${dialog.message()}`); dialog.dismiss(); });
    page.on('request', (request) => { if (!request.url().startsWith(`${origin}/`) && !request.url().startsWith('data:')) this.problem(`asked for ${request.url()}`); });
    const close = async () => {
      if (page.isClosed()) return;
      if (await page.evaluate(() => globalThis.pwned)) this.problem('a text was executed');
      await context.close();
    };
    this.own(page, close);
    await page.addInitScript(watch);
    await before(page, wire);
    await page.goto(origin + path);
    const shown = new Shown(page, wire, close);
    if (ready) await shown.is('live');
    return shown;
  }

  problem(text) { if (!this.expected.test(text)) this.problems.push(text); }

  /** Of the last page, to see why. */
  async picture(name) {
    const path = `${process.env.SCREENSHOTS}/failed/${name.replace(/\W+/g, '-')}.png`;
    await this.page?.screenshot({ path }).catch(() => {});
  }

  async end() {
    for (const end of this.ends.reverse()) await end();
    assert.deepEqual(this.problems, [], 'the console, the policy, or requests to elsewhere');
  }
}

/** Without the marks around names that keep their direction their own. */
export const plain = (text) => text.replace(/[\u2066-\u2069]/g, '');
const literal = (text) => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));

/** The page as somebody sees it. */
export class Shown {
  constructor(page, wire, close) { Object.assign(this, { page, wire, close }); }

  card(probe) { return this.page.locator(`.verdict[data-probe=${probe}]`); }
  row(check) { return this.page.locator(`#list > [data-check=${JSON.stringify(check)}]`); }
  rows() { return this.page.locator('#list > li:not([hidden])').evaluateAll((rows) => rows.map((row) => row.dataset.check)); }
  text(selector) { return this.page.locator(selector).innerText(); }
  watched() { return this.page.evaluate(() => watched); }

  /** Calls it at each width and in each theme. */
  async everyLook(look) {
    for (const width of [360, 1280, 2560]) for (const theme of ['light', 'dark']) {
      await this.page.setViewportSize({ width, height: HEIGHTS[width] });
      await this.page.emulateMedia({ colorScheme: theme });
      await look(width, theme);
    }
  }

  /** Until the page says that its connection is this. */
  is(connection, most = 20_000) { return this.page.waitForSelector(`body[data-connection=${connection}]`, { timeout: most }); }
  /** Until the row says that it is this. */
  turns(check, shown) { return this.page.waitForSelector(`#list > [data-check=${JSON.stringify(check)}][data-shown=${shown}]`); }
  verdict(probe, status) { return this.page.waitForSelector(`.verdict[data-probe=${probe}][data-status=${status}]`); }

  /** Until the text there matches, or all of them do. */
  says(selector, ...wanted) {
    const locator = typeof selector === 'string' ? this.page.locator(selector) : selector;
    return until(async () => {
      // A row out of sight is not rendered, and so has no inner text.
      const text = plain(await locator.innerText() || await locator.textContent());
      for (const part of wanted) assert.match(text, part instanceof RegExp ? part : literal(part));
    });
  }
  /** Until so many more updates have come. */
  async updates(count) {
    const wanted = this.wire.count('event: update') + count;
    await until(() => this.wire.count('event: update') >= wanted);
  }
  async expand(check) {
    const toggle = this.row(check).locator('.toggle');
    if (await toggle.getAttribute('aria-expanded') === 'false') await toggle.click();
    return this.row(check).locator('.details');
  }
}
