// Texts that want to be more than texts, wherever a stranger or a dependency may put one.

const RUN = 'globalThis.pwned=1';
export const TEXTS = [
  `<img src=x onerror=${RUN}>`, `"><script>${RUN}</script>`, '</script></style></title></textarea><b>bold</b>', `javascript:${RUN}`, `<svg onload=${RUN}>`, `{{constructor.constructor('${RUN}')()}}`,
  `\${${RUN}}`, `<a href="javascript:${RUN}">here</a>`, `' onmouseover='${RUN}`, '\u202egnp.exe\u202c\u2066 evil', 'bell\u0007 escape\u001b[31m nul\u0000 next\u0085 line\u2028', 'one\r\ntwo\ndata: three\n\nevent: end\n\n', '__proto__', 'שלום 123 مرحبا',
  `z${'\u0335\u0321\u0338'.repeat(200)}algo`, '&lt;b&gt; &amp;', '\ud83d\ude00'.repeat(300),
];
export const ALL = TEXTS.join(' ');
export const LONG = `${'W'.repeat(9000)} ${'spaced '.repeat(200)}`;

const children = [...TEXTS, LONG].map((text, i) => ({ name: `child_${i} ${text.slice(0, 300)}`, how: i % 2 ? 'fail' : 'pass', message: text }));
const data = Object.fromEntries([...TEXTS.map((text, i) => [text || `${i}`, text]), ['__proto__ ', LONG], ['constructor', 'x'], [LONG, 1]]);

/** Names have to be names: of letters, digits, `_`, `-` and `.`. */
const NAMES = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'a'.repeat(100), 'valueOf'];

export const HOSTILE = {
  spec: {
    name: ALL,
    gates: [ALL, '__proto__'],
    checks: NAMES.map((name, i) => ({
      name, tags: [...TEXTS.slice(0, 12), LONG.slice(0, 300)], description: i % 2 ? LONG : ALL, depends_on: name === 'toString' ? ['__proto__'] : [],
      does: { how: ['fail', 'degrade', 'pass'][i % 3], message: i % 2 ? ALL : LONG, error: i % 2 ? LONG : ALL, children: i === 0 ? children : [], data },
    })),
  },
  async set(service) {
    await service.act({ maintain: { reason: ALL + LONG, ms: 600_000 } });
    await service.act({ force: { check: 'valueOf', to: 'degraded', reason: ALL + LONG, ms: null } });
    await service.act({ progress: { gate: ALL, text: ALL + LONG } });
    await service.act({ progress: { gate: '__proto__', text: `99999999 % ${ALL}` } });
  },
};
