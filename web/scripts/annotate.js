'use strict';

/** What is written, in the browser's storage: one item per annotator and unit, so that two windows
 *  of the page do not overwrite each other's. */
milan.notes = (() => {
  let prefix = '';
  let isSaved = true;
  const memory = new Map();  // what storage would hold: it may be forbidden, or full

  const keyOf = (annotator, unit) => JSON.stringify([annotator, unit.layer.name, unit.number]);

  function put(key, value) {
    memory.set(key, value);
    try {
      if (value === null) localStorage.removeItem(prefix + key);
      else localStorage.setItem(prefix + key, JSON.stringify(value));
    } catch {
      isSaved = false;
    }
  }

  function take(key) {
    try {
      const text = localStorage.getItem(prefix + key);
      if (text !== null) return JSON.parse(text);
      return isSaved ? null : memory.get(key) ?? null;
    } catch {
      isSaved = false;
      return memory.get(key) ?? null;
    }
  }

  return {
    /** Notes are kept by what is described: they survive a page that is written anew. */
    open: (report) => {
      prefix = `milan-annotate/${report.network.hash}/${report.photos.hash}/${report.k}/` +
        `${report.quantile}/`;
      put('probe', 1);
      put('probe', null);
    },
    get: (annotator, unit) => take(keyOf(annotator, unit)),
    set: (annotator, unit, note) => put(keyOf(annotator, unit), note.text ? note : null),
    getSettings: () => take('settings') ?? {},
    setSettings: (settings) => put('settings', settings),
    isSaved: () => isSaved,
  };
})();

/** Shows one unit after the other and keeps what is written of it. Runs last. */
(() => {
  const {create, count, plural, isolated} = milan.dom;
  const {annotation, data, notes} = milan;
  const byId = (id) => document.getElementById(id);

  let all = [];      // units to be described, in the run's order
  let shown = [];    // those of this annotator's part, in the order in which they are shown
  let unit = null;
  let cells = [];
  let annotator = '';
  let isMachineShown = false;
  let isExported = true;

  const noteOf = (one) => notes.get(annotator, one);
  const isDone = (one) => Boolean(noteOf(one)?.text);
  const certaintyInputs = () => [...document.querySelectorAll('input[name=certainty]')];

  function say(text, isAlarm = false) {
    byId('status').textContent = text;
    byId('status').classList.toggle('is-alarm', isAlarm);
  }

  function sayWhereItIsKept() {
    if (notes.isSaved()) say('kept in this browser');
    else say('This browser keeps nothing for this page: export before you close it.', true);
  }

  function showProgress() {
    const done = shown.filter(isDone).length;
    byId('progress').max = Math.max(1, shown.length);
    byId('progress').value = done;
    byId('count').textContent = `${count(done)} of ${plural(shown.length, 'unit')} described`;
    byId('go').textContent = done === shown.length ? 'All described' : 'Next undescribed';
  }

  function showMachine() {
    byId('machine').hidden = !data.report.bundle;
    byId('machine-toggle').textContent =
      isMachineShown ? 'Hide what the machine says' : 'Show what the machine says';
    byId('machine-toggle').setAttribute('aria-expanded', String(isMachineShown));
    byId('machine-text').hidden = !isMachineShown;
    byId('machine-text').textContent =
      isMachineShown ? unit.description || 'The machine says nothing of this unit.' : '';
  }

  function showNote() {
    const note = noteOf(unit);
    byId('text').value = note?.text ?? '';
    const certainty = note?.certainty ?? annotation.certainties[0];
    for (const input of certaintyInputs()) input.checked = input.value === certainty;
    byId('place').replaceChildren(
      `this is number ${count(shown.indexOf(unit) + 1)}: `,
      create('span', {className: 'layer'}, isolated(unit.layer.name)), ` unit ${unit.number}`);
  }

  /** Loads the pictures of the unit that Enter leads to, so that they are there at once. */
  async function fetchAhead() {
    const next = undescribedAfter(unit);
    if (!next) return;
    const details = await data.details(next).catch(() => null);
    for (const id of details?.photos ?? []) {
      if (!data.photos.get(id)?.failure) new Image().src = `photos/${id}.jpg`;
    }
  }

  async function show(newUnit) {
    unit = newUnit;
    cells = [];
    history.replaceState(null, '', data.address(unit));
    showNote();
    showMachine();
    byId('previous').disabled = shown.indexOf(unit) <= 0;
    byId('next').disabled = shown.indexOf(unit) === shown.length - 1;
    try {
      const details = await data.details(newUnit);
      if (unit !== newUnit) return;  // another one was opened meanwhile
      const figures = milan.figures.make(details);
      cells = figures.cells;
      byId('unit').replaceChildren(figures.element);
      milan.figures.draw(cells);
    } catch (error) {
      byId('unit').replaceChildren(create('p', {className: 'notice'}, error.message));
    }
    fetchAhead();
  }

  function keep() {
    const certainty = certaintyInputs().find((input) => input.checked).value;
    const text = byId('text').value.trim().replace(/\s+/g, ' ');
    notes.set(annotator, unit, {text, certainty});
    isExported = false;
    sayWhereItIsKept();
    showProgress();
  }

  function setCertainty(value) {
    for (const input of certaintyInputs()) input.checked = input.value === value;
    keep();
  }

  function moveCertainty(step) {
    const at = certaintyInputs().findIndex((input) => input.checked) + step;
    if (at >= 0 && at < annotation.certainties.length) setCertainty(annotation.certainties[at]);
  }

  function step(direction) {
    const neighbour = shown[shown.indexOf(unit) + direction];
    if (neighbour) show(neighbour);
  }

  /** The next unit without a text: after this one, then from the beginning; null: none. */
  function undescribedAfter(one) {
    const at = shown.indexOf(one);
    return [...shown.slice(at + 1), ...shown.slice(0, at + 1)]
      .find((other) => other !== one && !isDone(other)) ?? null;
  }

  function goToUndescribed() {
    const next = undescribedAfter(unit);
    if (next) show(next);
    else if (isDone(unit)) say(`All ${plural(shown.length, 'unit')} are described: export them.`, true);
    byId('text').focus();
  }

  function exportNotes() {
    const text = annotation.toCsv(all, noteOf, annotator, annotation.settings.val_part);
    const link = create('a', {
      href: URL.createObjectURL(new Blob([text], {type: 'text/csv'})),
      download: `annotations-${annotator.replace(/[^\w.-]+/g, '_')}.csv`,
    });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    isExported = true;
    say(`exported ${plural(all.filter(isDone).length, 'description')} as ${link.download}`);
  }

  /** Whose rows of a file to take: this annotator's; all of a file that names only another one. */
  function rowsOf(rows) {
    const names = [...new Set(rows.map((row) => row.annotator).filter((name) => name !== ''))];
    if (names.length === 1 && names[0] !== annotator && !all.some(isDone)) {
      setAnnotator(names[0]);
      saveSettings();
    }
    return rows.filter((row) => row.annotator === '' || row.annotator === annotator);
  }

  function importNotes(text, name) {
    let rows;
    try {
      rows = annotation.readCsv(text);
    } catch (error) {
      say(`${name}: ${error.message}`, true);
      return;
    }
    const mine = rowsOf(rows);
    const units = new Map(all.map((one) => [annotation.nameOf(one), one]));
    const results = {taken: 0, kept: 0, unknown: 0, others: rows.length - mine.length};
    for (const row of mine) {
      const one = units.get(`${row.layer}/${row.number}`);
      const here = one && noteOf(one)?.text;
      if (!one) results.unknown += 1;
      else if (here && here !== row.text) results.kept += 1;
      else {
        notes.set(annotator, one, {text: row.text, certainty: row.certainty});
        results.taken += 1;
      }
    }
    showNote();
    showProgress();
    const parts = [`${plural(results.taken, 'description')} imported from ${name}`];
    if (results.kept) parts.push(`${count(results.kept)} kept as they are on this page`);
    if (results.unknown) parts.push(`${count(results.unknown)} of units that are not here`);
    if (results.others) parts.push(`${count(results.others)} of other annotators left out`);
    say(parts.join('; '), results.kept + results.unknown + results.others > 0);
  }

  function setAnnotator(name) {
    annotator = name;
    byId('annotator').value = name;
  }

  function saveSettings() {
    notes.setSettings({
      annotator, part: byId('part').value, parts: byId('parts').value, mode: currentMode(),
    });
  }

  /** Takes name and share from their fields, and shows the first unit that is to be described. */
  function takeShare() {
    setAnnotator(byId('annotator').value.trim() || annotation.settings.annotator);
    const parts = Math.max(1, Math.floor(Number(byId('parts').value)) || 1);
    const part = Math.min(parts, Math.max(1, Math.floor(Number(byId('part').value)) || 1));
    byId('parts').value = parts;
    byId('part').value = part;
    shown = annotation.share(annotation.ordered(all, annotation.settings.seed), part, parts);
    if (shown.length === 0) {  // more parts than units
      byId('part').value = 1;
      byId('parts').value = 1;
      shown = annotation.ordered(all, annotation.settings.seed);
    }
    saveSettings();
    showProgress();
    const named = data.unitAt(location.hash);
    const first = shown.find((one) => !isDone(one)) ?? shown[0];
    show(shown.includes(named) ? named : first);
  }

  const currentMode = () => document.documentElement.dataset.mode;

  function setMode(mode) {
    milan.exemplar.setMode(mode);
    document.querySelector(`#modes input[value="${mode}"]`).checked = true;
    milan.figures.draw(cells);
  }

  function toggleMachine() {
    if (!data.report.bundle) return;
    isMachineShown = !isMachineShown;
    showMachine();
  }

  function connect() {
    byId('form').addEventListener('submit', (event) => {
      event.preventDefault();
      goToUndescribed();
    });
    byId('text').addEventListener('input', keep);
    byId('certainty').addEventListener('change', keep);
    byId('modes').addEventListener('change', (event) => {
      setMode(event.target.value);
      saveSettings();
    });
    for (const id of ['annotator', 'part', 'parts']) {
      byId(id).addEventListener('change', () => {
        history.replaceState(null, '', location.pathname + location.search);
        takeShare();
      });
    }
    byId('previous').addEventListener('click', () => step(-1));
    byId('next').addEventListener('click', () => step(1));
    byId('export').addEventListener('click', exportNotes);
    byId('import').addEventListener('click', () => byId('import-file').click());
    byId('import-file').addEventListener('change', async (event) => {
      const [file] = event.target.files;
      if (file) importNotes(await file.text(), file.name);
      event.target.value = '';  // the same file may be chosen again
    });
    byId('machine-toggle').addEventListener('click', toggleMachine);
    byId('theme').addEventListener('click', milan.theme.toggle);
    byId('help-button').addEventListener('click', () => byId('help').showModal());
    byId('help-close').addEventListener('click', () => byId('help').close());
    window.addEventListener('resize', () => milan.figures.draw(cells));
    window.addEventListener('beforeunload', (event) => {
      if (!notes.isSaved() && !isExported) event.preventDefault();
    });
    document.addEventListener('keydown', onKey);
  }

  const whileTyping = {
    PageDown: () => step(1),
    PageUp: () => step(-1),
    ArrowUp: () => moveCertainty(-1),
    ArrowDown: () => moveCertainty(1),
    Escape: () => byId('text').blur(),
  };
  const otherwise = {
    PageDown: () => step(1),
    PageUp: () => step(-1),
    j: () => step(1),
    k: () => step(-1),
    ArrowRight: () => step(1),
    ArrowLeft: () => step(-1),
    n: goToUndescribed,
    Enter: () => byId('text').focus(),
    1: () => setCertainty('clear'),
    2: () => setCertainty('partly'),
    3: () => setCertainty('unclear'),
    m: () => setMode(milan.exemplar.nextMode()),
    h: toggleMachine,
    e: exportNotes,
    t: milan.theme.toggle,
    '?': () => byId('help').showModal(),
  };

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || byId('help').open) return;
    const isText = event.target === byId('text');
    if (!isText && event.target.matches('input:not([type=radio])')) return;
    if (event.target.matches('input[type=radio]') && event.key.startsWith('Arrow')) return;
    if (event.target.matches('button, summary') && event.key === 'Enter') return;
    const keys = isText ? whileTyping : otherwise;
    if (!Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  }

  function fail(text) {
    byId('form').hidden = true;
    byId('empty').hidden = false;
    byId('empty').textContent = text;
  }

  function start() {
    const failure = data.failure || annotation.failure;
    if (!data.report || !annotation.settings) {
      fail(failure ||
        'The data of this page are missing: the folder data must lie beside this page.');
      return;
    }
    all = annotation.chosen(data.units, annotation.settings);
    if (all.length === 0) {
      fail('There is nothing to describe: none of the chosen units is alive.');
      return;
    }
    const [width, height] = data.report.view;
    document.documentElement.style.setProperty('--aspect', `${width} / ${height}`);
    document.title = `${data.report.network.name} · describe units`;
    byId('title').textContent = `What does each unit of ${data.report.network.name} look for?`;
    notes.open(data.report);
    const settings = notes.getSettings();
    byId('annotator').value = settings.annotator ?? annotation.settings.annotator;
    byId('part').value = settings.part ?? 1;
    byId('parts').value = settings.parts ?? 1;
    setMode(['mask', 'outline', 'whole'].includes(settings.mode) ? settings.mode : 'mask');
    connect();
    sayWhereItIsKept();
    takeShare();
    byId('text').focus();
  }

  start();
})();
