// Pictures to be looked at, below target/browser/screenshots; one of them is made for the README.
import { test } from '../case.mjs';
import { SCENES } from '../scenes.mjs';

const picture = (shown, name) => shown.page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}.png` });

for (const name of ['healthy', 'failing', 'starting', 'forced and disabled', 'the server is gone', 'hostile', 'a credential is wanted', 'verdicts only', 'many checks']) {
  const { spec, set, ready, expected } = SCENES[name];
  test(`pictures: ${name}`, { expected }, async (t) => {
    const service = await t.service(spec);
    const shown = await t.open(service, { ready });
    await set(service, shown);
    await shown.everyLook(async (width, theme) => {
      if (name === 'failing' && theme === 'dark') await shown.expand('network');
      await picture(shown, `${name.replaceAll(' ', '-')}-${width}-${theme}`);
    });
  });
}

test('pictures: the one for the README', {}, async (t) => {
  const every = { interval: 400, timeout: 300 };
  const service = await t.service({ name: 'notes', checks: [
    { name: 'network', ...every, tags: ['net'], description: 'The gateway of the database answers.', does: { ms: 3 } },
    { name: 'database', ...every, depends_on: ['network'], tags: ['db'], description: 'The database answers a query.', does: { ms: 12 } },
    { name: 'schema', probes: ['startup'], depends_on: ['database'], tags: ['db'], description: 'The schema of the database is migrated.', does: { ms: 2 } },
    { name: 'notes_backlog', ...every, depends_on: ['database'], critical: false, tags: ['db'], description: 'At most 1000 notes wait.', does: { ms: 7, message: '12 notes wait' } },
    { name: 'disk', ...every, tags: ['disk'], description: 'The disk of the database has room.', does: { ms: 1, message: '41822 MiB free', data: { free_mib: 41822 } } },
    { name: 'mail', ...every, critical: false, description: 'The relay takes mail.', does: { ms: 20 } },
  ] });
  const shown = await t.open(service);
  await shown.verdict('readiness', 'healthy');
  await shown.updates(6);
  await service.turn('network', 'fail', { ms: 30, message: 'no route to the database', error: 'connect 10.0.4.17:5432: no route to host' });
  await shown.turns('notes_backlog', 'unhealthy');
  await shown.updates(4);
  await shown.page.evaluate(() => scrollTo(0, 0));
  await picture(shown, 'readme');
});
