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
  const service = await t.service({ name: 'notes', checks: [
    { name: 'dns', interval: 1000, timeout: 300, tags: ['net'], description: 'Names of other services are known.', does: { ms: 3 } },
    { name: 'database', depends_on: ['dns'], tags: ['db'], description: 'The database answers a query.', does: { ms: 12 } },
    { name: 'schema', probes: ['startup'], depends_on: ['database'], tags: ['db'], description: 'The schema is migrated.', does: { ms: 2 } },
    { name: 'backlog', depends_on: ['database'], critical: false, tags: ['db'], description: 'At most 1000 notes wait.', does: { ms: 7, message: '12 notes wait' } },
    { name: 'disk', tags: ['disk'], description: 'The disk has room.', degraded_after: 100, does: { ms: 1, message: '41822 MiB free', data: { free_mib: 41822 } } },
    { name: 'mail', critical: false, description: 'The relay takes mail.', does: { ms: 20 } },
  ] });
  const shown = await t.open(service);
  await shown.verdict('readiness', 'healthy');
  await shown.updates(12);
  await service.turn('mail', 'degrade', { ms: 160, message: 'the relay is slow' });
  await service.turn('dns', 'fail', { ms: 30, message: 'no answer from the resolver', error: 'lookup db.internal: i/o timeout' });
  await shown.turns('backlog', 'unhealthy');
  await shown.updates(6);
  await picture(shown, 'readme');
});
