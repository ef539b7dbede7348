// Chromium, and what of a page is looked at.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const modules = createRequire(import.meta.url);   // which looks in NODE_PATH, as `import` does not
const { chromium } = modules('playwright-core');
const AXE = readFileSync(modules.resolve('axe-core/axe.min.js'), 'utf8');

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync'] });

/** Runs in the page before its script does. */
export function watch() {
  globalThis.watched = { shifts: [], tasks: [], said: [] };
  const observe = (type, keep) => new PerformanceObserver((list) => list.getEntries().forEach(keep)).observe({ type, buffered: true });
  observe('layout-shift', ({ value, hadRecentInput, sources }) => {
    if (!hadRecentInput) watched.shifts.push({ value, of: sources.map(({ node }) => node?.id || node?.className || node?.nodeName) });
  });
  observe('longtask', ({ duration, startTime }) => watched.tasks.push({ ms: Math.round(duration), at: Math.round(startTime) }));
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => console.error(`CSP ${violatedDirective} ${blockedURI}`));
  document.addEventListener('DOMContentLoaded', () => {
    for (const region of document.querySelectorAll('[aria-live], [role=status]')) {
      const added = ({ type, target, addedNodes }) => type === 'characterData' ? [target] : [...addedNodes];
      const say = (nodes) => { const text = nodes.map((node) => node.textContent).join(' ').trim(); if (text) watched.said.push(text); };
      new MutationObserver((changes) => say(changes.flatMap(added))).observe(region, { childList: true, characterData: true, subtree: true });
    }
  });
}

/** What axe-core finds against the page. It runs in a world of its own, which the page's policy does not bind. */
export async function violations(page) {
  const session = await page.context().newCDPSession(page);
  const { frameTree } = await session.send('Page.getFrameTree');
  const { executionContextId: contextId } = await session.send('Page.createIsolatedWorld', { frameId: frameTree.frame.id, worldName: 'axe' });
  await session.send('Runtime.evaluate', { contextId, expression: AXE });
  const say = '(v) => `${v.id}: ${v.nodes.map((n) => `${n.target} ${n.any[0]?.message ?? n.failureSummary}`).slice(0, 3).join(" | ")}`';
  const expression = `axe.run(document, { resultTypes: ['violations'] }).then((found) => found.violations.map(${say}))`;
  const { result, exceptionDetails } = await session.send('Runtime.evaluate', { contextId, expression, awaitPromise: true, returnByValue: true });
  await session.detach();
  if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails));
  return result.value;
}

export const scrollsSideways = (page) => page.evaluate(() => document.documentElement.scrollWidth > innerWidth);

/** How far from grey the pixels are at most, as they are seen. */
export async function colourfulness(locator) {
  const picture = (await locator.screenshot()).toString('base64');
  const blank = await locator.page().context().browser().newPage();
  try {
    return await blank.evaluate(async (base64) => {
      const bitmap = await createImageBitmap(new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))]));
      const canvas = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d');
      canvas.drawImage(bitmap, 0, 0);
      const { data } = canvas.getImageData(0, 0, bitmap.width, bitmap.height);
      let most = 0;
      for (let i = 0; i < data.length; i += 4) most = Math.max(most, Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]));
      return most;
    }, picture);
  } finally {
    await blank.close();
  }
}

/** The longest task of the page's main thread while something goes on, in milliseconds that the processor spent on it: what else the machine does does not count. */
export async function longestTask(browser, act) {
  const session = await browser.newBrowserCDPSession();
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) => events.push(...value));
  const done = new Promise((end) => { session.on('Tracing.tracingComplete', end); });
  await session.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['toplevel', 'devtools.timeline'] } });
  await act();
  await session.send('Tracing.end');
  await done;
  await session.detach();
  // The browser draws parts of itself as pages too.
  const { pid, tid } = events.find(({ name, args }) => name === 'EvaluateScript' && args.data.url.endsWith('/app.js'));
  const times = events.filter((event) => event.ph === 'X' && event.pid === pid && event.tid === tid).map(({ tdur }) => (tdur ?? 0) / 1000);
  if (times.length < 100) throw new Error(`only ${times.length} tasks are known`);
  return Math.max(...times);
}

/** How many ms the browser takes by itself to show 1,000 plain rows at once, at best. */
export async function plainRows(browser) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const best = await page.evaluate(() => {
    const row = '<li><b>name</b> <i>healthy</i> <span>a few words of text</span> <small>12 ms</small></li>';
    const rows = row.repeat(1000);
    const took = Array.from({ length: 9 }, () => {
      const list = document.createElement('ul');
      const begin = performance.now();
      list.innerHTML = rows;
      document.body.append(list);
      list.getBoundingClientRect();
      const ms = performance.now() - begin;
      list.remove();
      return ms;
    });
    return Math.min(...took);
  });
  await context.close();
  return best;
}
