// Runs the cases, several at a time, and says of each how it went.
// CASES=text runs those whose names have it.
import { launch } from './browser.mjs';
import { Case, all } from './case.mjs';
import './cases/states.mjs';
import './cases/access.mjs';
import './cases/link.mjs';
import './cases/list.mjs';
import './cases/hostile.mjs';
import './cases/people.mjs';
import './cases/measured.mjs';
import './cases/pictures.mjs';

const AT_ONCE = 4;
const counts = { passed: 0, failed: 0 };
const browser = await launch();

async function play(one, again) {
  const { name, body, expected, most } = one;
  const begin = performance.now();
  const own = new Case(browser, expected);
  let timer;
  const late = new Promise((_, fail) => { timer = setTimeout(() => fail(new Error(`not done after ${most} ms`)), most); });
  let why = null;
  try { await Promise.race([body(own), late]); } catch (error) { why = error; }
  clearTimeout(timer);
  if (why) await own.picture(name);
  try { await own.end(); } catch (error) { why ??= error; }
  if (why && again) {
    console.log(`once more, alone: ${name}: ${String(why.message ?? why).split('\n')[0]}`);
    again.push(one);
    return;
  }
  counts[why ? 'failed' : 'passed'] += 1;
  console.log(`${why ? 'not ok' : 'ok'} ${name} (${Math.round(performance.now() - begin)} ms)`);
  if (why) console.log(String(why.stack ?? why).replace(/^/gm, '    '));
}

const wanted = all().filter(({ name }) => name.includes(process.env.CASES ?? ''));
const together = wanted.filter((one) => !one.alone).sort((a, b) => b.most - a.most);
// What others were in the way of is played once more when they are gone.
const again = [];
await Promise.all(Array.from({ length: AT_ONCE }, async () => { for (let one; (one = together.shift());) await play(one, again); }));
for (const one of again) await play(one);
for (const one of wanted.filter(({ alone }) => alone)) await play(one);
await browser.close();
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed || !counts.passed ? 1 : 0);
