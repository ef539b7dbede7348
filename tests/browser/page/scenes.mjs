// Services in the states that a person may find them in.
import { HOSTILE } from './hostile.mjs';
import { CHAIN } from './cases/states.mjs';

const fails = (message) => ({ how: 'fail', message, error: `${message} (os error 111)` });
const chain = ([first, ...others]) => [{ ...first, does: fails('no gateway') }, ...others, { name: 'mail', critical: false, does: { how: 'degrade', message: 'slow relay' } }];

export const SCENES = {
  healthy: { spec: { name: 'shop', checks: CHAIN }, set: (_, shown) => shown.verdict('readiness', 'healthy') },
  degraded: { spec: { checks: [{ name: 'mail', critical: false, does: fails('no route') }, { name: 'disk' }] }, set: (_, shown) => shown.verdict('readiness', 'degraded') },
  failing: { spec: { name: 'shop', checks: chain(CHAIN) }, set: (_, shown) => shown.turns('invoices', 'unhealthy') },
  starting: { spec: { gates: ['model'], checks: [{ name: 'schema', probes: ['startup'], does: fails('not migrated yet') }, { name: 'nightly', interval: 3_600_000, initial_delay: 3_600_000 }] },
    async set(service, shown) { await service.act({ progress: { gate: 'model', text: 'loading 40 %' } }); await shown.says(shown.card('startup'), 'loading 40 %'); } },
  draining: { spec: { checks: CHAIN }, async set(service, shown) { await service.act({ drain: true }); await shown.says('#banner', 'Draining'); } },
  maintenance: { spec: { checks: CHAIN }, async set(service, shown) { await service.act({ maintain: { reason: 'moving racks', ms: 1_800_000 } }); await shown.says('#banner', 'moving racks'); } },
  'forced and disabled': { spec: { checks: CHAIN }, async set(service, shown) {
    await service.act({ force: { check: 'network', to: 'degraded', reason: 'INC-42', ms: 600_000 } });
    await service.act({ disable: 'disk' });
    await shown.turns('disk', 'disabled');
    await shown.says('#banner', '1 override');
  } },
  misconfigured: { spec: { misconfigured: true, checks: CHAIN }, set: (_, shown) => shown.says('#banner', 'Misconfigured') },
  summary: { spec: { access: 'summary', name: 'shop', checks: chain(CHAIN) }, set: (_, shown) => shown.turns('invoices', 'unhealthy') },
  'verdicts only': { spec: { access: 'status_only', checks: chain(CHAIN) }, set: (_, shown) => shown.verdict('readiness', 'unhealthy') },
  'a credential is wanted': { spec: { access: 'credential', checks: CHAIN }, ready: false, expected: /401/, set: (_, shown) => shown.page.getByRole('dialog').waitFor() },
  'the server is gone': { spec: { checks: CHAIN }, expected: /ERR_|Failed to load/, async set(_, shown) { await shown.turns('invoices', 'healthy'); shown.wire.freeze(); await shown.is('lost'); } },
  'many checks': { spec: { checks: Array.from({ length: 60 }, (_, i) => ({ name: `tenant_${i}`, tags: [`shard-${i % 8}`], depends_on: i % 4 ? [`tenant_${i - (i % 4)}`] : [], does: i % 17 ? {} : fails('refused') })) },
    set: (_, shown) => shown.verdict('readiness', 'unhealthy') },
  hostile: { spec: HOSTILE.spec, async set(service, shown) { await HOSTILE.set(service); await shown.turns('__proto__', 'unhealthy'); } },
};
