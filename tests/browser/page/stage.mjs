// Services, and what befalls them: they run in the Rust test, which is asked here.

const { STAGE } = process.env;
const MOST_MS = 20_000;      // nothing that is waited for takes longer, even on a busy machine

async function ask(path, body) {
  const response = await fetch(STAGE + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${path} ${JSON.stringify(body).slice(0, 200)}: ${response.status} ${await response.text()}`);
  return response.json();
}

/** What the dashboards that want one take. */
export const TOKEN = '7Xf2rQm0vTz9kLpA';
export const KEY = 'Q9dV3sXw5tRzK2nE';

export class Service {
  static async start(spec) {
    const { number, port } = await ask('/services', spec);
    return Object.assign(new Service(), { number, port, prefix: spec.prefix ?? '/health' });
  }
  act(what) { return ask(`/services/${this.number}`, what); }
  turn(check, how, more = {}) { return this.act({ turn: { check, to: { how, ...more } } }); }
  /** Each with its check, its status and the milliseconds since the epoch when an observer was told. */
  async transitions() { return (await this.act('transitions')).told; }
}

/** Tries until it does not throw, and is not false. */
export async function until(attempt, most = MOST_MS) {
  const end = Date.now() + most;
  for (;;) {
    try {
      const found = await attempt();
      if (found !== false) return found;
      throw new Error(`this does not come true: ${attempt}`);
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((done) => { setTimeout(done, 25); });
    }
  }
}
