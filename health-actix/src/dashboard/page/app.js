'use strict';
// Every text of a check is hostile: it reaches the page through `visible` and a text node only.
// Times are the server's: `clock` turns the local monotonic clock into them.

const ticks = () => performance.now();
const $ = (id) => document.getElementById(id);
const { body } = document;
const BASE = body.dataset.base;
const SVG = 'http://www.w3.org/2000/svg';
const WORDS = { unhealthy: 'Unhealthy', degraded: 'Degraded', unknown: 'Not run yet', healthy: 'Healthy', disabled: 'Disabled' };
const ICONS = {
	healthy: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM6.9 11.6 3.6 8.3l1.3-1.3 2 2 4.1-4.3 1.4 1.3z',
	degraded: 'M8 .8 15.8 15H.2zM7 5.6h2v4.8H7zM7 11.6h2v1.9H7z',
	unhealthy: 'M4.8.5h6.4l4.3 4.3v6.4l-4.3 4.3H4.8L.5 11.2V4.8zM5.3 3.9 8 6.6l2.7-2.7 1.4 1.4L9.4 8l2.7 2.7-1.4 1.4L8 9.4l-2.7 2.7-1.4-1.4L6.6 8 3.9 5.3z',
	unknown: 'M8 .5 15.5 8 8 15.5.5 8zM4 7.1h1.8v1.8H4zM7.1 7.1h1.8v1.8H7.1zM10.2 7.1H12v1.8h-1.8z',
	disabled: 'M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1zM3.8 7h8.4v2H3.8z',
	planned: 'M2 1.5h12v9H9l-5 4v-4H2zM7 3.2h2v4H7zM7 8h2v1.5H7z',
};
const QUIET_MS = 3000; // nothing heard for so long: disconnected
const GIVE_UP_MS = 5000; // a stream that gives nothing for so long is given up
const SLICE_MS = 7; // of work at once

// ---- Texts

// Cut to a length, with control and direction characters made visible.
function visible(text, most = 400, lines = false) {
	let shown = String(text ?? '');
	if (shown.length > most) shown = `${shown.slice(0, most)}… (${shown.length - most} more)`;
	shown = shown.replace(/\r?\n/g, lines ? '\n' : ' ↵ ');
	return shown.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (found) => {
		if ('\n\u200c\u200d'.includes(found)) return found; // joiners belong to scripts and emoji
		return `⟨U+${found.codePointAt(0).toString(16).toUpperCase().padStart(4, '0')}⟩`;
	});
}
const isolated = (name) => `\u2068${visible(name, 120)}\u2069`;
const listed = (names, most = 6) => names.slice(0, most).map(isolated).join(', ') + (names.length > most ? ` and ${names.length - most} more` : '');
const joined = (...parts) => parts.filter(Boolean).join(' · ');
const plural = (count, one) => `${count} ${one}${count === 1 ? '' : 's'}`;
const words = (text) => visible(text, 60).replaceAll('_', ' ');
const isTime = (ms) => Math.abs(ms) <= 8.64e15;
function span(ms) {
	const s = Math.max(0, Math.floor(ms / 1000));
	if (s < 60) return `${s} s`;
	if (s < 3600) return `${Math.floor(s / 60)} min`;
	return s < 86_400 ? `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min` : plural(Math.floor(s / 86_400), 'day');
}
function latency(ms) {
	if (!Number.isFinite(ms)) return '–';
	if (ms < 1000) return `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
	return ms < 60_000 ? `${+(ms / 1000).toFixed(2)} s` : span(ms);
}
const clock = { server: 0, at: 0, now() { return this.server + ticks() - this.at; } };
// The first takes 30 ms: a task of its own.
const formats = {};
const format = (dateStyle, timeStyle) => formats[timeStyle] ??= new Intl.DateTimeFormat(undefined, { dateStyle, timeStyle, hourCycle: 'h23' });
const moment = (ms) => isTime(ms) ? (Math.abs(clock.now() - ms) < 43_200_000 ? format(undefined, 'medium') : format('medium', 'short')).format(ms) : '?';
setTimeout(moment, 0, 0);
const since = (ms) => isTime(ms) ? span(clock.now() - ms) : '';

// ---- Elements

function el(tag, className, ...children) {
	const made = document.createElement(tag);
	if (className) made.className = className;
	made.append(...children);
	return made;
}
function svg(tag, attributes, ...children) {
	const made = document.createElementNS(SVG, tag);
	for (const name in attributes) made.setAttribute(name, attributes[name]);
	made.append(...children);
	return made;
}
const on = (node, kind, act) => node.addEventListener(kind, act);
function button(className, act, child) {
	const made = Object.assign(el('button', className, child), { type: 'button' });
	on(made, 'click', act);
	return made;
}
const spans = (names) => Object.fromEntries(names.split(' ').map((name) => [name, el('span', name)]));
// Touches nothing where the text is that already: selections live on.
function say(node, text) {
	const first = node.firstChild;
	if (first) { if (first.data !== text) first.data = text; } else if (text) node.append(text);
}
function mark(node, name, value) {
	if (!value) delete node.dataset[name]; else if (node.dataset[name] !== value) node.dataset[name] = value;
}
function show(node, shown) { if (node.hidden === shown) node.hidden = !shown; }
function paint(icon, kind) {
	if (icon.dataset.icon === kind) return;
	icon.dataset.icon = kind;
	icon.firstChild.setAttribute('d', ICONS[kind] ?? ICONS.unknown);
}
function icon(kind = 'unknown') {
	const made = svg('svg', { class: 'icon', viewBox: '0 0 16 16', 'aria-hidden': 'true' }, svg('path', { 'fill-rule': 'evenodd' }));
	paint(made, kind);
	return made;
}
// As many children as items, keeping those there are: focus stays.
function fill(parent, items, make, update) {
	while (parent.children.length > items.length) parent.lastElementChild.remove();
	while (parent.children.length < items.length) parent.append(make());
	items.forEach((item, i) => update(parent.children[i], item));
}
function selecting(node) {
	const selection = getSelection();
	return !selection.isCollapsed && selection.getRangeAt(0).intersectsNode(node);
}

// ---- State

const entries = new Map(); // name -> {name, index, check, rank, matches, parts, near, open}
const near = new Set(); // entries close to what is seen
let state = null;

const all = () => [...entries.values()].filter((entry) => entry.check);
const checkOf = (name) => entries.get(name)?.check;
// What is shown of a check: its status, unless it has none yet or is switched off.
const shownOf = (check) => !check ? 'unknown' : check.disabled ? 'disabled' : check.known ? check.status : 'unknown';
function rankOf(check) { // root causes first
	const rank = { degraded: 2, unknown: 3, healthy: 4, disabled: 5 }[shownOf(check)];
	return rank ?? (check.caused_by ? 1 : 0) + (check.critical ? 0 : 0.5);
}

function apply(told, whole) {
	if (!whole && told.level !== state?.level) { control.abort('again'); return; }
	clock.server = told.now;
	clock.at = link.heard = ticks();
	link.detail = '';
	const before = state;
	state = { ...before, ...told };
	const names = told.names ?? (whole ? [] : null);
	if (names) setNames(names);
	for (const check of told.checks ?? []) setCheck(check);
	drawTop(before);
	if (names || told.checks?.length) [drawTags, drawChips, drawGraph].forEach(queue);
	if (whole || told.events?.length) queue(() => drawTimeline(told.events ?? [], whole));
	pump();
}
function entryOf(name) {
	if (!entries.has(name)) entries.set(name, { name, index: entries.size, rank: 4, matches: true });
	return entries.get(name);
}
function setNames(names) {
	const kept = new Set(names);
	for (const [name, entry] of entries) {
		if (kept.has(name)) continue;
		entries.delete(name);
		near.delete(entry);
		dirty.delete(entry);
		if (entry.parts) { seen.unobserve(entry.parts.row); entry.parts.row.remove(); }
	}
	names.forEach((name, index) => { entryOf(name).index = index; });
	unsorted = true;
}
function setCheck(check) {
	const entry = entryOf(check.name);
	entry.check = check;
	entry.words = null;
	const rank = rankOf(check);
	const matches = matching(entry);
	unsorted ||= rank !== entry.rank || matches !== entry.matches;
	Object.assign(entry, { rank, matches });
	dirty.add(entry);
}

// ---- Work in slices: what is seen first, then new rows in their order, then the rest

const dirty = new Set(); // entries whose row is behind
const jobs = [];
let unbuilt = [];
let pumping = false;

const queue = (job) => { if (!jobs.includes(job)) jobs.push(job); };
function pump() {
	if (pumping) return;
	pumping = true;
	const next = () => requestAnimationFrame(slice);
	const slice = () => {
		const end = ticks() + SLICE_MS;
		let more = true;
		try {
			while (more && ticks() < end) more = step();
		} finally {
			pumping = more;
			if (more) next();
		}
	};
	next();
}
function step() {
	for (const entry of near) if (dirty.has(entry)) return drawRow(entry);
	if (jobs.length) { jobs.shift()(); return true; }
	for (let entry; (entry = unbuilt.shift());) if (dirty.has(entry)) return drawRow(entry);
	const [entry] = dirty;
	if (entry?.parts) return drawRow(entry);
	if (entry) { unbuilt = [...dirty].filter((e) => !e.parts).sort(order); return true; }
	if (unsorted) settle();
	show($('timeline'), state.level !== 'status_only'); // after the rows, which would push them
	show($('graph'), state.level === 'full');
	return false;
}

// ---- The link to the server

const link = { kind: 'connecting', heard: -1, detail: '' };
let control = null; // aborts what is under way
let wake = () => {};
let locked = false;
const STORE = `health-credential ${new URL(`${BASE}state`, location).pathname}`;
let credential = stored('sessionStorage', STORE);

function stored(where, key) { try { return JSON.parse(window[where].getItem(key)); } catch { return null; } }
function store(where, key, value) { try { window[where].setItem(key, JSON.stringify(value)); } catch { /* then it is forgotten */ } }
const pause = (ms) => new Promise((done) => { const timer = setTimeout(done, ms); wake = () => { clearTimeout(timer); done(); }; });
const resume = () => { control?.abort('again'); wake(); };
const draining = () => state?.phase?.name === 'draining';
const ask = (what, signal, by = credential) => fetch(BASE + what, { headers: by ? { [by.header]: by.value } : {}, cache: 'no-store', signal });
function linked(kind, detail = '') { Object.assign(link, { kind, detail }); drawLink(); }

async function connect() {
	let failures = 0; // polls in a row
	let broken = 0; // streams in a row
	for (;;) {
		while (document.hidden || locked) await pause(60_000);
		const why = await get('events', async (response, heard) => response.ok ? read(response.body.getReader(), heard) : refused(response));
		broken = why === 'broken' ? broken + 1 : 0;
		if (why === 'renew' && ticks() - link.heard > 1000) await pause(500);
		if (why === 'forbidden') await pause(GIVE_UP_MS);
		if (['renew', 'forbidden', 'locked', 'again'].includes(why)) continue;
		const until = ticks() + (why === 'draining' || (why === 'broken' && broken < 3) ? 0 : 30_000);
		const over = () => document.hidden || locked;
		while (!over()) {
			failures = await get('state', poll) === 'heard' ? 0 : failures + 1;
			const early = ticks() < until;
			if (!over()) await pause(failures ? Math.min(GIVE_UP_MS, 250 * 2 ** failures) : draining() ? 1000 : early ? 2000 : 250 * broken);
			if (!failures && !early && !(why === 'draining' && draining())) break;
		}
	}
}
// How it went; 'quiet' if nothing came for too long.
async function get(what, use) {
	const mine = control = new AbortController();
	let timer;
	const heard = () => { clearTimeout(timer); timer = setTimeout(() => mine.abort('quiet'), GIVE_UP_MS); };
	heard();
	try {
		return await use(await ask(what, mine.signal), heard);
	} catch {
		return mine.signal.aborted ? mine.signal.reason : 'broken';
	} finally {
		clearTimeout(timer);
		mine.abort();
	}
}
async function poll(response) {
	if (!response.ok) return refused(response);
	apply(await response.json(), true);
	linked('polling');
	return 'heard';
}
async function read(reader, heard) {
	const decoder = new TextDecoder();
	let [rest, event, data] = ['', '', ''];
	for (;;) {
		const { done, value } = await reader.read();
		if (done) return 'broken';
		const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
		rest = lines.pop();
		for (const line of lines) {
			if (line.startsWith('event:')) event = line.slice(6).trim();
			else if (line.startsWith('data:')) data += line.slice(5);
			if (line || !data) continue;
			const told = JSON.parse(data);
			if (event === 'end') return told.reason === 'draining' ? 'draining' : 'renew';
			heard();
			if (event === 'state' || event === 'update') { apply(told, event === 'state'); linked('live'); }
			event = data = '';
		}
	}
}
async function refused(response) {
	const { status } = response;
	const detail = await response.json().then((problem) => problem.detail, () => '');
	if (status === 401) {
		const error = credential ? 'The credential was not accepted.' : '';
		credential = null;
		store('sessionStorage', STORE, null);
		locked = true;
		linked('locked', 'A credential is needed here.');
		readChallenge(response);
		openCredential(error);
		return 'locked';
	}
	if (status === 403) { linked('forbidden', detail); return 'forbidden'; }
	link.detail = `The server answers ${status}: trying again.`;
	return status === 429 ? 'throttled' : 'broken';
}

// Old data must not look fresh.
function drawLink() {
	const silent = ticks() - Math.max(0, link.heard);
	const shut = link.kind === 'locked' || link.kind === 'forbidden';
	const kind = silent > QUIET_MS && !shut ? 'lost' : link.kind;
	const stale = kind === 'lost' || shut;
	const text = { connecting: 'Connecting', live: 'Live', polling: 'Live, polling', lost: `Disconnected for ${span(silent)}`, locked: 'Credential needed', forbidden: 'Cannot be read from here' }[kind];
	say($('link'), text + (state && stale ? ` · as of ${moment(clock.server)}` : ''));
	if (state && kind === 'lost' && body.dataset.connection !== kind) announce('Disconnected: the verdicts shown are old.');
	mark(body, 'connection', kind);
	if (stale !== 'stale' in body.dataset) { mark(body, 'stale', stale && 'true'); drawTitle(); }
	say($('waiting'), shut ? `${text}. ${visible(link.detail)}` : link.detail || 'Waiting for the first answer…');
	show($('waiting'), !state || shut);
	show($('unlock'), kind === 'locked');
}

// ---- Verdicts

const cards = new Map();
for (const card of document.querySelectorAll('[data-probe]')) {
	const p = { card, icon: icon(), ...spans('verb at text'), gates: el('ul'), causes: el('ul', 'causes') };
	const why = el('div', 'why', p.text, p.gates, p.causes);
	why.tabIndex = 0; // it may scroll
	card.append(el('p', 'word', p.icon, p.verb), el('p', 'since', p.at, el('span', 'old', 'last known')), why);
	cards.set(card.dataset.probe, p);
}

function drawTop(before) {
	say($('service'), visible(state.service ?? 'Health', 80));
	show($('board'), true);
	mark(body, 'level', state.level);
	show($('checks'), state.level !== 'status_only');
	for (const probe of state.probes) if (cards.has(probe.probe)) drawVerdict(probe, before?.probes.find((p) => p.probe === probe.probe));
	say($('access-text'), MORE[state.level] ?? '');
	show($('access'), state.level !== 'full');
	drawTitle();
	tickTop();
}
function drawVerdict({ probe, status, word, text, causes = [] }, before) {
	const p = cards.get(probe);
	const verb = words(word ?? status) + (status === 'degraded' ? ' · degraded' : '');
	if (before && (before.status !== status || before.word !== word)) announce(`${probe} is now ${verb}${causes[0] ? `: ${visible(causes[0].check)}, ${visible(causes[0].text)}` : ''}.`);
	mark(p.card, 'status', status);
	paint(p.icon, status);
	say(p.verb, verb);
	const mine = all().filter(({ check }) => check.probes?.includes(probe) && !check.disabled);
	const failing = mine.filter(({ check }) => check.status === 'unhealthy').length;
	say(p.text, joined(text !== word && visible(text), mine.length && verb !== 'started' && `${mine.length - failing} of ${plural(mine.length, 'check')} pass`));
	fill(p.gates, probe === 'startup' ? state.gates ?? [] : [], () => el('li', '', 'Gate ', el('b'), ': ', el('bdi')), (li, gate) => {
		say(li.children[0], isolated(gate.name));
		say(li.children[1], visible(gate.progress ?? 'not open'));
	});
	fill(p.causes, causes.slice(0, 50), () => el('li', '', pointer(), ' ', el('bdi'), el('span', 'affects')), (li, cause) => {
		aim(li.firstChild, cause.check);
		say(li.children[1], visible(cause.text));
		say(li.children[2], cause.affects?.length ? `affects ${listed(cause.affects)}` : '');
	});
}
function pointer() { const made = button('link', () => reveal(made.target), el('bdi')); return made; }
function aim(node, name) { node.target = name; say(node.firstChild, visible(name, 120)); }

const SIGNS = { unhealthy: ['✕', '#c4161c'], degraded: ['▲', '#d98200'], healthy: ['✓', '#1a8a4e'], unknown: ['?', '#6b7480'] };
function drawTitle() {
	const verdicts = 'stale' in body.dataset || document.hidden ? [] : state?.probes ?? [];
	const probe = Object.keys(SIGNS).map((status) => verdicts.find((p) => p.status === status)).find(Boolean);
	const status = probe?.status ?? 'unknown';
	const [sign, colour] = SIGNS[status];
	const text = status === 'unhealthy' ? `${probe.probe} ${words(probe.word ?? status)}` : probe ? status : document.hidden ? 'paused' : body.dataset.connection;
	document.title = `${sign} ${text} · ${visible(state?.service ?? 'health', 60)}`;
	if ($('favicon').kind === status) return;
	$('favicon').kind = status;
	$('favicon').href = `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="${SVG}" viewBox="0 0 16 16"><path fill="${colour}" fill-rule="evenodd" d="${ICONS[status]}"/></svg>`)}`;
}
function announce(text) { const p = el('p', '', text); $('announcer').append(p); setTimeout(() => p.remove(), 9000); }
function tickTop() {
	say($('uptime'), `up ${span(state.uptime_ms + clock.now() - clock.server)}`);
	for (const { probe, since: at } of state.probes) if (cards.has(probe)) say(cards.get(probe).at, isTime(at) ? `for ${since(at)}, since ${moment(at)}` : '');
	drawBanner();
}
function drawBanner() {
	const { name, text, since: at, until } = state.phase ?? {};
	const gates = state.gates ?? [];
	const also = joined(visible(text, 200), isTime(at) && `for ${since(at)}`, isTime(until) && `until ${moment(until)}, ${span(until - clock.now())} left`);
	const items = [];
	const kind = { draining: 'planned', maintenance: 'planned', misconfigured: 'unhealthy', starting: 'unknown' }[name];
	if (kind) items.push([kind, name[0].toUpperCase() + name.slice(1), joined(gates.length && `${plural(gates.length, 'gate')} not open: ${listed(gates.map((gate) => gate.name))}`, also)]);
	for (const [key, kind, word] of [['override', 'planned', 'override'], ['disabled', 'disabled', 'disabled check']]) {
		const names = all().filter(({ check }) => check[key]).map((entry) => entry.name);
		if (names.length) items.push([kind, plural(names.length, word), listed(names, 4)]);
	}
	if (!items.length) items.push(['healthy', 'Started', 'no drain, maintenance or override']);
	const banner = $('banner');
	const titles = String(items.map((item) => item[1]));
	if (banner.titles !== titles) banner.replaceChildren(); // what is new shifts nothing
	banner.titles = titles;
	fill(banner, items, () => el('p', '', icon(), el('strong'), el('bdi')), (p, [kind, ...texts]) => {
		paint(p.firstChild, kind);
		texts.forEach((said, i) => say(p.children[i + 1], said));
	});
	mark(banner, 'kind', ['unhealthy', 'planned'].find((kind) => items.some((item) => item[0] === kind)) ?? 'none');
}

// ---- Rows

const list = $('list');
const seen = new IntersectionObserver((changes) => {
	for (const { target: { entry }, isIntersecting } of changes) {
		if (isIntersecting) { near.add(entry); dirty.add(entry); } else near.delete(entry);
	}
	pump();
}, { rootMargin: '240px 0px' });

function buildRow(entry) {
	const p = { icon: icon(), ...spans('word sub flags tags said value of bar last next'), spark: buildSpark() };
	p.bar.append(el('span'));
	p.toggle = button('toggle', () => toggle(entry), el('bdi', 'name', visible(entry.name, 250)));
	p.toggle.setAttribute('aria-expanded', 'false');
	p.row = el('li', 'check', el('div', 'status', p.icon, p.word, p.sub), el('div', 'what', el('h3', '', p.toggle), p.tags, p.flags), el('p', 'line', p.said),
		el('div', 'took', p.value, p.of, p.bar), p.spark.root, el('div', 'when', p.last, p.next));
	p.row.dataset.check = entry.name;
	Object.assign(p.row, { entry, hidden: !entry.matches });
	list.append(p.row);
	seen.observe(p.row);
	return p;
}
function drawRow(entry) {
	dirty.delete(entry);
	const { check } = entry;
	const p = entry.parts ??= buildRow(entry);
	const shown = shownOf(check);
	mark(p.row, 'status', check.status);
	mark(p.row, 'shown', shown);
	mark(p.row, 'override', check.override && 'true');
	paint(p.icon, shown);
	say(p.word, WORDS[shown]);
	const { reason } = check;
	const flags = [!check.critical && 'not critical', reason && !/^(disabled|overridden)$/.test(reason) && words(reason), check.override && 'forced'].filter(Boolean);
	if (String(p.shownFlags) !== String(flags)) p.flags.replaceChildren(...flags.map((flag) => el('span', '', flag)));
	p.shownFlags = flags;
	fill(p.tags, (check.tags ?? []).slice(0, 6), () => el('bdi'), (node, tag) => say(node, visible(tag, 40)));
	const o = check.override;
	const said = joined(o && forcedBy(o), visible(check.internal_error ?? check.error), visible(check.message), check.caused_by && `caused by ${isolated(check.caused_by)}`);
	say(p.said, said || visible(check.description));
	mark(p.said, 'soft', !said && 'true');
	const share = (check.latency_ms ?? NaN) / check.timeout_ms;
	say(p.value, latency(check.latency_ms).padStart(7)); // of one width: nothing shifts
	say(p.of, check.timeout_ms ? `of ${latency(check.timeout_ms)}` : '');
	mark(p.bar, 'over', !(share >= 0) ? 'none' : share >= 1 ? 'limit' : check.latency_ms >= check.degraded_after_ms && 'slow');
	p.bar.firstChild.style.width = `${Math.min(100, Math.max(2, Math.round(share * 100))) || 0}%`;
	tickRow(entry);
	if (near.has(entry)) drawSpark(p.spark, check);
	if (entry.open) drawDetails(entry);
	return true;
}
const forcedBy = (o) => `forced ${words(o.status)}: ${visible(o.reason ?? 'no reason given', 2000)}, until ${isTime(o.until) ? moment(o.until) : 'taken back'}`;
// By time alone.
function tickRow({ check, parts: p, open }) {
	const { consecutive_failures: failures, last_success: passed, next_run: next } = check;
	const shown = shownOf(check);
	say(p.sub, shown === 'disabled' ? 'does not count' : shown === 'unknown' ? `counts as ${words(check.status)}`
		: failures ? `${plural(failures, 'failure')}, ${since(check.since)}` : isTime(check.since) ? `for ${since(check.since)}` : '');
	const ran = check.last_run ?? check.runs?.at(-1)?.[0];
	say(p.last, isTime(passed) ? `passed ${since(passed)} ago` : isTime(ran) ? `ran ${since(ran)} ago` : 'never ran');
	const wait = next - clock.now() + 500;
	say(p.next, check.disabled || !isTime(next) ? '' : wait > 1000 ? `next in ${span(wait)}` : 'next is due');
	if (open) drawFacts(check, p.details);
}

// ---- Sparkline: bars, logarithmic up to the timeout; a cross or a point above what did not pass

function buildSpark() {
	const p = {};
	for (const name of ['limit', 'h', 'd', 'u', 'marks', 'points']) p[name] = svg('path', { class: `spark-${name}` });
	p.root = svg('svg', { class: 'spark', viewBox: '0 0 120 32', role: 'img', 'aria-label': 'runs' }, ...Object.values(p));
	return p;
}
function drawSpark(p, { runs: every = [], timeout_ms: timeout }) {
	const runs = every.slice(-20);
	const key = `${runs.length} ${runs.at(-1)} ${timeout}`;
	if (p.key === key) return;
	p.key = key;
	const times = runs.map((run) => run[1]).filter(Number.isFinite);
	const top = timeout || Math.max(1, ...times) * 1.3;
	const height = (ms) => Math.max(1.5, 23 * Math.log1p(Math.min(1, ms / top) * 200) / Math.log1p(200));
	const d = { h: '', d: '', u: '', marks: '', points: '', limit: timeout ? 'M0 8.5h120' : '' };
	runs.forEach(([, ms, how], i) => {
		const x = 120 - (runs.length - i) * 6 + 1;
		const tall = height(ms ?? 0);
		if (how === 'u') {
			d.marks += `M${x - 0.2} 2l4.4 4.4m0-4.4l-4.4 4.4`;
			if (ms !== null) d.u += `M${x + 0.6} 31.4v${1.2 - tall}h2.8v${tall - 1.2}z`;
			return;
		}
		if (how === 'd') d.points += `M${x + 2} 2.4l2.3 4.2h-4.6z`;
		d[how === 'd' ? 'd' : 'h'] += `M${x} 32v${-tall}h4v${tall}z`;
	});
	for (const name in d) p[name].setAttribute('d', d[name]);
	const count = (how) => runs.filter((run) => run[2] === how).length;
	p.root.setAttribute('aria-label', `${plural(runs.length, 'run')}: ${count('u')} failed, ${count('d')} degraded`);
}

// ---- Details

function toggle(entry, open = !entry.open) {
	const p = entry.parts;
	entry.open = open;
	if (!p.details) {
		p.details = buildDetails();
		p.row.append(p.details.root);
	}
	p.toggle.setAttribute('aria-expanded', open);
	show(p.details.root, open);
	if (open) drawDetails(entry);
}
function buildDetails() {
	const d = { texts: el('dl', 'texts'), facts: el('dl', 'facts'), data: el('dl', 'facts'), needs: el('div', 'needs'), children: el('ul') };
	const parts = [['Data', d.data], ['Depends on', d.needs], ['Parts', d.children]].map(([title, of]) => el('div', '', el('h4', '', title), of));
	d.root = el('div', 'details', d.texts, d.facts, ...parts);
	return d;
}
function drawDetails({ check, parts: { details: d } }) {
	d.late = selecting(d.root);
	if (d.late) return;
	const o = check.override;
	pairs(d.texts, [['Description', check.description], ['Message', check.message], ['Error', check.error], ['Internal error', check.internal_error], ['Override', o && forcedBy(o)]], true);
	pairs(d.data, Object.entries(check.data ?? {}).slice(0, 100).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]), true);
	fill(d.needs, check.depends_on ?? [], pointer, aim);
	fill(d.children, check.children ?? [], () => el('li', '', icon(), el('span'), el('bdi', 'name'), el('bdi', 'text')), (li, child) => {
		paint(li.children[0], child.status);
		[WORDS[child.status], visible(child.name, 200), visible(child.text, 2000)].forEach((text, i) => say(li.children[i + 1], text));
	});
	for (const part of [d.data, d.needs, d.children]) show(part.parentNode, part.children.length > 0);
	drawFacts(check, d);
}
function drawFacts(c, d) {
	if (selecting(d.root)) return;
	const time = (ms) => isTime(ms) && `${moment(ms)}, ${since(ms)} ago`;
	const length = (ms) => ms && latency(ms);
	pairs(d.facts, [['Probes', c.probes?.join(', ')], ['Critical', c.critical ? 'yes' : 'no'], ['Reason', c.reason && words(c.reason)], ['Measured', c.raw_status !== c.status && c.raw_status],
		['Caused by', c.caused_by], ['Since', time(c.since)], ['Last run', time(c.last_run)], ['Last success', time(c.last_success)], ['Failures', c.consecutive_failures],
		['Next run', isTime(c.next_run) && `${moment(c.next_run)}, in ${span(c.next_run - clock.now() + 500)}`], ['Runs every', length(c.interval_ms)], ['Timeout', length(c.timeout_ms)], ['Degraded after', length(c.degraded_after_ms)], ['Source', c.source]]);
}
function pairs(parent, items, lines) {
	fill(parent, items.filter(([, text]) => text), () => el('div', '', el('dt', '', el('bdi')), el('dd', '', el('bdi'))), (node, [key, text]) => {
		say(node.firstChild.firstChild, visible(key, 120));
		say(node.lastChild.firstChild, visible(text, 5000, lines));
	});
}
function reveal(name) {
	const entry = entries.get(name);
	if (!entry?.parts) return;
	if (entry.parts.row.hidden) clearFilter();
	toggle(entry, true);
	entry.parts.row.scrollIntoView({ block: 'center' });
	entry.parts.toggle.focus({ preventScroll: true });
}

// ---- Filter and order

const filter = { q: '', probe: '', tag: '', sort: '', status: new Set() };
const chips = new Map();
let unsorted = false; // rows are not in order
let touched = -1e9;
let hovering = false;

for (const [status, word] of Object.entries(WORDS)) {
	const box = Object.assign(el('input'), { type: 'checkbox' });
	const count = el('b', '', '0');
	on(box, 'change', () => { filter.status[box.checked ? 'add' : 'delete'](status); filtered(); });
	$('statuses').append(el('label', 'chip', box, icon(status), word, count));
	chips.set(status, { box, count });
}
const FIELDS = ['q', 'probe', 'tag', 'sort'];
for (const key of FIELDS) on($(`filter-${key}`), 'input', ({ target }) => { filter[key] = target.value; filtered(); });
on($('filters'), 'submit', (event) => event.preventDefault());
on($('clear'), 'click', clearFilter);
on($('settle'), 'click', () => { arrange(); list.querySelector('li:not([hidden]) .toggle')?.focus(); });
for (const kind of ['pointermove', 'pointerdown', 'keydown', 'focusin']) on(list, kind, () => { touched = ticks(); hovering ||= kind === 'pointermove'; });
on(list, 'pointerleave', () => { hovering = false; });
on(window, 'scroll', () => { touched = ticks(); });
on(window, 'hashchange', readHash);

function matching(entry) {
	const { check } = entry;
	const { status, probe, tag } = filter;
	if (!check) return true;
	if ((status.size && !status.has(shownOf(check))) || (probe && !check.probes?.includes(probe)) || (tag && !check.tags?.includes(tag))) return false;
	entry.words ??= [check.name, check.description, check.message, check.error, check.internal_error, check.caused_by, ...check.tags ?? []].join('\n').toLowerCase();
	return filter.q.toLowerCase().split(/\s+/).every((word) => entry.words.includes(word));
}
const order = (a, b) => (filter.sort ? 0 : a.rank - b.rank) || a.index - b.index;
const sorted = () => all().filter((entry) => entry.parts).sort(order);

function filtered() {
	const hash = new URLSearchParams();
	for (const key of FIELDS) if (filter[key]) hash.set(key, filter[key]);
	if (filter.status.size) hash.set('status', [...filter.status]);
	history.replaceState(null, '', `#${hash}`);
	arrange(true);
}
function clearFilter() {
	history.replaceState(null, '', filter.sort ? '#sort=name' : '#');
	readHash();
}
function readHash() {
	const hash = new URLSearchParams(location.hash.slice(1));
	for (const key of FIELDS) filter[key] = hash.get(key) ?? '';
	filter.status = new Set((hash.get('status') ?? '').split(',').filter((status) => chips.has(status)));
	drawTags();
	for (const key of FIELDS) {
		const field = $(`filter-${key}`);
		field.value = filter[key];
		filter[key] = field.value; // none that there is not
	}
	for (const [status, { box }] of chips) box.checked = filter.status.has(status);
	arrange(true);
}
function drawTags() {
	const tags = [...new Set([filter.tag, ...all().flatMap(({ check }) => check.tags)])].filter(Boolean).sort();
	const select = $('filter-tag');
	show(select.parentNode, tags.length > 0);
	if (String(select.tags) === String(tags)) return;
	select.tags = tags;
	select.replaceChildren(new Option('Any', ''), ...tags.map((tag) => new Option(visible(tag, 60), tag)));
	select.value = filter.tag;
}
function drawChips() {
	const shown = all().map(({ check }) => shownOf(check));
	for (const [status, { count }] of chips) say(count, String(shown.filter((s) => s === status).length).padStart(4, '\u2007'));
	drawCount();
}
function drawCount() {
	const told = all();
	const shown = told.filter((e) => e.parts ? !e.parts.row.hidden : e.matches).length;
	say($('count'), `${shown === told.length ? '' : `Showing ${shown} of `}${plural(told.length, 'check')}`);
	show($('clear'), Boolean(filter.q || filter.probe || filter.tag || filter.status.size));
	show($('nothing'), shown === 0);
}
// Puts rows in order, unless the user is at them: then a button offers it.
function settle() {
	const idle = ticks() - touched;
	if (!selecting(list) && idle > 1500 && (idle > 30_000 || !(hovering || list.contains(document.activeElement)))) return arrange();
	const rows = sorted();
	show($('settle'), rows.some(({ parts: { row }, matches }, i) => row.hidden === matches || row !== list.children[i]));
}
function arrange(anew) {
	if (anew) for (const entry of entries.values()) entry.matches = matching(entry);
	unsorted = false;
	const active = document.activeElement;
	let at = list.firstElementChild;
	for (const { parts: { row }, matches } of sorted()) {
		show(row, matches);
		if (row !== at && at?.nextElementSibling === row) { list.append(at); at = row; }
		if (row === at) at = at.nextElementSibling; else list.insertBefore(row, at);
	}
	if (list.contains(active) && document.activeElement !== active) active.focus({ preventScroll: true });
	show($('settle'), false);
	drawCount();
}

// ---- Dependencies: in layers, left to right, what others need first

const graph = { key: '', nodes: new Map(), edges: [], whole: false };
const MOST = 60;
const failing = (name) => shownOf(checkOf(name)) === 'unhealthy';
const hurt = (name) => ['unhealthy', 'degraded'].includes(shownOf(checkOf(name)));

function drawGraph() {
	if (state.level !== 'full') return;
	const links = all().flatMap(({ name, check }) => (check.depends_on ?? []).filter((need) => need !== name && checkOf(need)).map((need) => [need, name]));
	const total = new Set(links.flat()).size;
	const many = total > MOST;
	const drawn = (many && !graph.whole ? links.filter(([from, to]) => failing(from) && hurt(to)) : links).slice(0, many && !graph.whole ? MOST : 600);
	const names = [...new Set(drawn.flat())];
	show($('graph-all'), many);
	say($('graph-all'), graph.whole ? 'Failing paths only' : `Draw all ${total}`);
	for (const id of ['graph-view', 'graph-wide']) show($(id), names.length > 0);
	say($('graph-note'), !total ? 'No check depends on another.' : plural(total, 'check') + (names.length < total ? `, ${names.length || 'none'} drawn` : ''));
	const key = JSON.stringify(drawn);
	if (key !== graph.key && names.length) { graph.key = key; layOut(names, drawn); }
	paintGraph();
}
function layOut(names, links) {
	const nodes = new Map(names.map((name) => [name, { name, layer: 0, in: [], out: [] }]));
	for (let round = 0, moved = true; moved && round < names.length; round++) {
		moved = false;
		for (const [from, to] of links.map((link) => link.map((name) => nodes.get(name)))) if (to.layer <= from.layer) { to.layer = from.layer + 1; moved = true; }
	}
	const layers = [];
	const put = (node) => { (layers[node.layer] ??= []).push(node); return node; };
	nodes.forEach(put);
	const edges = links.map(([from, to]) => { // a long one bends around what lies between
		const path = [nodes.get(from)];
		for (let layer = path[0].layer + 1; layer < nodes.get(to).layer; layer++) path.push(put({ layer, in: [], out: [] }));
		path.push(nodes.get(to));
		path.slice(1).forEach((node, i) => { node.in.push(path[i]); path[i].out.push(node); });
		return { from, to, path };
	});
	drawSvg(nodes, edges, layers);
}
// Orders each layer by the middle of its neighbours, there and back.
function place(layers) {
	const size = (node) => node.name ? 38 : 14;
	const tall = (layer) => layer.reduce((sum, node) => sum + size(node), 0);
	const most = Math.max(...layers.map(tall));
	const lay = (layer) => layer.reduce((y, node) => { node.y = y + size(node) / 2; return y + size(node); }, 1 + (most - tall(layer)) / 2);
	layers.forEach(lay);
	for (let round = 0; round < 8; round++) {
		for (const layer of round % 2 ? layers.toReversed() : layers) {
			for (const node of layer) {
				const beside = round % 2 ? node.out : node.in;
				node.want = beside.length ? beside.reduce((sum, other) => sum + other.y, 0) / beside.length : node.y;
			}
			lay(layer.sort((a, b) => a.want - b.want));
		}
	}
	return most + 2;
}
function drawSvg(nodes, edges, layers) {
	const label = (name = '') => visible(name.length > 18 ? `${name.slice(0, 17)}…` : name);
	let width = 4;
	const columns = layers.map((layer) => {
		const wide = 40 + 7.9 * Math.min(18, Math.max(5, ...layer.map(({ name }) => label(name).length)));
		width += wide + 36;
		return { x: width - wide - 36, wide, end: width - 36 };
	});
	const height = place(layers);
	graph.edges = edges.map(({ from, to, path }) => {
		const line = path.slice(1).map((node, i) => {
			const [start, end] = [columns[node.layer - 1].end, columns[node.layer].x - (node.name ? 7 : 0)];
			return `${i ? 'L' : 'M'}${start} ${path[i].y}C${start + 20} ${path[i].y} ${end - 20} ${node.y} ${end} ${node.y}`;
		});
		const tip = path.at(-1);
		return { from, to, node: svg('g', {}, svg('path', { class: 'edge-line', d: line.join('') }), svg('path', { class: 'edge-tip', d: `M${columns[tip.layer].x} ${tip.y}l-9-5v10z` })) };
	});
	graph.nodes = new Map([...nodes.values()].map(({ name, layer, y }) => {
		const { x, wide } = columns[layer];
		const sign = svg('path', { 'fill-rule': 'evenodd', transform: 'translate(8 8) scale(.875)' });
		const box = svg('svg', { class: 'node', x, y: y - 15, width: wide, height: 30 }, svg('rect', { x: 1, y: 1, width: wide - 2, height: 28, rx: 4 }), sign, svg('text', { x: 28, y: 19.5 }, label(name)));
		on(box, 'click', () => reveal(name));
		return [name, { box, sign, x, y }];
	}));
	graph.root = svg('svg', { role: 'img', viewBox: `0 0 ${width - 32} ${height}`, width: `${(width - 32) / 16}rem`, height: `${height / 16}rem` },
		...graph.edges.map((edge) => edge.node), ...[...graph.nodes.values()].map((node) => node.box));
	$('graph-view').replaceChildren(graph.root);
	const first = graph.nodes.get(keys(nodes).find(failing));
	if (first) $('graph-view').scrollTo(first.x - 60, first.y - 150);
}
const keys = (map) => [...map.keys()];
function paintGraph() {
	if (!graph.root) return;
	for (const [name, { box, sign }] of graph.nodes) {
		const shown = shownOf(checkOf(name));
		if (box.dataset.shown === shown) continue;
		box.dataset.shown = shown;
		sign.setAttribute('d', ICONS[shown]);
	}
	const breaks = new Map();
	for (const { from, to, node } of graph.edges) {
		const bad = failing(from) && hurt(to);
		if (bad) breaks.set(from, [...breaks.get(from) ?? [], to]);
		mark(node, 'failing', bad && 'true');
	}
	const struck = [...breaks.values()].flat();
	const roots = keys(breaks).filter((name) => !struck.includes(name)).slice(0, 4).map((root) => {
		const reached = new Set([root]);
		for (const name of reached) for (const next of breaks.get(name) ?? []) reached.add(next);
		return `${isolated(root)} breaks ${listed([...reached].slice(1))}`;
	});
	say($('graph-path'), roots.length ? `Failing path, thick and dashed: ${roots.join('; ')}.` : '');
	graph.root.setAttribute('aria-label', `Dependencies of ${plural(graph.nodes.size, 'check')}. ${roots.join('; ') || 'No path fails.'}`);
}
on($('graph-all'), 'click', () => { graph.whole = !graph.whole; drawGraph(); });
on($('graph-wide'), 'click', () => $('graph-wide').setAttribute('aria-pressed', $('board').classList.toggle('wide')));

// ---- Timeline: items are moved by transform, so that a new one shifts no layout

const transitions = new Map();
function drawTimeline(events, whole) {
	const ids = events.map((event) => `${event.id} ${event.at}`);
	const remove = (key) => { transitions.get(key).remove(); transitions.delete(key); };
	if (whole) keys(transitions).filter((key) => !ids.includes(key)).forEach(remove);
	events.forEach((event, i) => {
		if (transitions.has(ids[i])) return;
		transitions.set(ids[i], buildEvent(event));
		$('transitions').prepend(transitions.get(ids[i]));
	});
	keys(transitions).slice(0, -200).forEach(remove);
	[...transitions.values()].reverse().forEach((item, i) => { item.style.transform = `translateY(calc(${i} * var(--event)))`; });
	$('transitions').style.height = `calc(${transitions.size} * var(--event))`;
}
function buildEvent({ at, kind, check, child, probe, from, to, text }) {
	const subject = [check, child].filter(Boolean).map((name) => visible(name, 120)).join(' / ') || words(probe ?? kind);
	const change = [from, to].filter(Boolean).map(words).join(' → ');
	return el('li', '', icon(Object.hasOwn(WORDS, to) ? to : ['drain', 'maintenance', 'override'].includes(kind) ? 'planned' : 'unknown'),
		el('p', '', el('bdi', 'name', subject), el('span', 'sub', probe ? 'probe' : ''), el('time', '', moment(at))), el('p', 'sub', change, change && text ? ' · ' : '', el('bdi', '', visible(text))));
}

// ---- Access

const MORE = { status_only: 'A credential may show the checks, and why they fail.', summary: 'A credential may show error texts, tags, times, data and dependencies.' };
const BEARER = { title: 'Bearer token', header: 'authorization', prefix: 'Bearer ' };
const keyIn = (header) => ({ title: `API key, ${header}`, header, prefix: '' });
let schemes = [BEARER, keyIn('x-api-key')];

function readChallenge(response) {
	const text = response.headers.get('www-authenticate') ?? '';
	const key = /apikey\b.*?\bheader="([\w-]+)"/i.exec(text);
	const found = [/\bbearer\b/i.test(text) && BEARER, key && keyIn(key[1])].filter(Boolean);
	if (found.length) schemes = found;
}
function openCredential(error = '') {
	$('scheme').replaceChildren(...schemes.map(({ title }, i) => new Option(title, i)));
	say($('why'), visible(locked ? link.detail : MORE[state?.level]));
	say($('error'), error);
	$('secret').value = '';
	if (!$('credential').open) $('credential').showModal();
	$('secret').focus();
}
async function tryCredential() {
	const { header, prefix } = schemes[$('scheme').value];
	const tried = { header, value: prefix + $('secret').value.trim() };
	try {
		const response = await ask('state', undefined, tried);
		if (!response.ok) return response.status === 429 ? 'Too many attempts: wait a little.' : 'That is not accepted.';
		const told = await response.json();
		if (!locked && state?.level === told.level) return 'That shows no more than what you see.';
		credential = tried;
		if ($('keep').checked) store('sessionStorage', STORE, tried);
		locked = false;
		$('secret').value = '';
		$('credential').close();
		apply(told, true);
		linked('polling');
		resume();
		return '';
	} catch {
		return 'It could not be sent.';
	}
}
on($('form'), 'submit', async (event) => { event.preventDefault(); say($('error'), await tryCredential()); });
on($('cancel'), 'click', () => $('credential').close());
for (const id of ['more', 'unlock']) on($(id), 'click', () => openCredential());

// ---- The page itself

const THEMES = ['auto', 'light', 'dark'];
let theme = Math.max(0, THEMES.indexOf(stored('localStorage', 'health-theme')));
function drawTheme() {
	mark(document.documentElement, 'theme', theme && THEMES[theme]);
	say($('theme'), `Theme: ${THEMES[theme]}`);
}
on($('theme'), 'click', () => { theme = (theme + 1) % 3; store('localStorage', 'health-theme', THEMES[theme]); drawTheme(); });
// The fragment is the filter's: links within the page move without it.
for (const anchor of document.querySelectorAll('.skip, nav a')) {
	on(anchor, 'click', (event) => {
		event.preventDefault();
		$(anchor.hash.slice(1)).focus({ preventScroll: true });
		$(anchor.hash.slice(1)).scrollIntoView();
	});
}
on(document, 'visibilitychange', () => { if (document.hidden) control?.abort('again'); wake(); drawTitle(); });

drawTheme();
readHash();
drawTitle();
setInterval(drawLink, 250);
setInterval(() => {
	if (!state || document.hidden) return;
	tickTop();
	for (const entry of near) if (entry.parts && !entry.parts.row.hidden) tickRow(entry);
	if (unsorted) settle();
}, 1000);
connect();
