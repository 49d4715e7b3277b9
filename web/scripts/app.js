'use strict';

/** Puts the page together: heading, toolbar, addresses and keys. Runs last. */
(() => {
  const {create, count, plural} = milan.dom;
  const {data, gallery, detail, search} = milan;
  const byId = (id) => document.getElementById(id);

  const shortHash = (hash) => (hash ? hash.slice(0, 10) : '–');

  function stateCounts() {
    // What a reader asks for first, whichever unit comes first.
    const counts = new Map([['described', 0], ['without a reliable description', 0]]);
    for (const unit of data.units) {
      let state = unit.description ? 'described' : unit.state;
      if (unit.isGuess) state = 'without a reliable description';
      if (state === 'alive') state = 'not described';
      counts.set(state, (counts.get(state) ?? 0) + 1);
    }
    return [...counts].filter(([, number]) => number > 0)
        .map(([state, number]) => `${count(number)} ${state}`).join(', ');
  }

  function fillHeading() {
    const {report} = data;
    document.title = `${report.network.name} · milan`;
    byId('title').textContent = report.network.name;
    const skipped = report.photos.skipped > 0 ? ` (${count(report.photos.skipped)} skipped)` : '';
    byId('summary').textContent = `${plural(data.units.length, 'unit')} in ` +
      `${plural(data.layers.length, 'layer')}, seen through ` +
      `${plural(report.photos.count, 'photo')}${skipped}: ${stateCounts()}.`;
    byId('quantile-text').textContent = `the ${report.quantile} quantile of all its activations`;
    const entries = [
      ['Network', `${report.network.name}, ${shortHash(report.network.hash)}`],
      ['Photos', `${report.photos.name}, ${shortHash(report.photos.hash)}`],
      ['Exemplars', `${report.k} per unit, quantile ${report.quantile}`],
      ['Described by', report.bundle ? `${report.bundle.name}, ${shortHash(report.bundle.hash)}, ` +
        `${report.bundle.criterion ?? "pmi"}, beam ${report.bundle.beam_size}, λ ${report.bundle.pmi_weight}${
          report.bundle.prior === 'network' ? ', p(d) of other units' : ''}` : 'not described yet'],
      ['Made with', `milan ${report.milan_version}, ONNX Runtime ${report.engine_version}`],
    ];
    for (const [name, value] of entries) {
      byId('provenance').append(create('dt', {}, name), create('dd', {}, value));
    }
  }

  function fillToolbar() {
    byId('layer').append(create('option', {value: ''}, `all ${count(data.layers.length)}`));
    for (const layer of data.layers) {
      byId('layer').append(create('option', {value: layer.name},
        `${layer.name} (${count(layer.states.length)})`));
    }
    const isDescribed = Boolean(data.report.bundle);
    const isCalibrated = Boolean(data.report.calibration);
    for (const [kind, label] of [['all', 'all'], ['described', 'described'],
      ['undescribed', 'not described'], ['reliable', 'reliably described'],
      ['guessed', 'only guessed']]) {
      const needsConfidence = kind === 'reliable' || kind === 'guessed';
      byId('kind').append(create('option',
        {value: kind, disabled: needsConfidence && !isCalibrated}, label));
    }
    for (const [order, {label}] of Object.entries(search.orders)) {
      const needsDescriptions = order.startsWith('pmi') || order === 'description';
      const needsConfidence = order.startsWith('confidence');
      byId('order').append(create('option', {
        value: order,
        disabled: (needsDescriptions && !isDescribed) || (needsConfidence && !isCalibrated),
      }, label));
    }
    byId('query').disabled = !isDescribed;
    if (!isDescribed) byId('query').placeholder = 'nothing is described yet';
    for (const [word] of search.frequentWords(data.units, 300)) {
      byId('words').append(create('option', {value: word}));
    }
  }

  function update() {
    const choice = {
      query: byId('query').value,
      layer: byId('layer').value,
      kind: byId('kind').value,
      order: byId('order').value,
    };
    const units = search.select(data.units, choice);
    gallery.show(units, choice.query);
    const all = data.units.length;
    byId('count').value = units.length === all ? plural(all, 'unit') :
      `${count(units.length)} of ${plural(all, 'unit')}`;
    byId('empty').hidden = units.length > 0;
    byId('empty').textContent =
      'No unit fits. Try fewer words, the beginning of a word, or all layers.';
  }

  function setMode(mode) {
    milan.exemplar.setMode(mode);
    document.querySelector(`#modes input[value="${mode}"]`).checked = true;
    gallery.redraw();
    detail.redraw();
  }

  /** Opens the unit that the address names, or closes the one that is open. */
  function followAddress() {
    const unit = data.unitAt(location.hash);
    if (unit) detail.open(unit);
    else if (detail.isOpen()) detail.close();
  }

  function forgetAddress(unit) {
    if (data.unitAt(location.hash)) {
      history.replaceState(null, '', location.pathname + location.search);
    }
    gallery.focusUnit(unit);
  }

  function connect() {
    byId('query').addEventListener('input', update);
    for (const id of ['layer', 'kind', 'order']) byId(id).addEventListener('change', update);
    byId('modes').addEventListener('change', (event) => setMode(event.target.value));
    byId('theme').addEventListener('click', milan.theme.toggle);
    byId('help-button').addEventListener('click', () => byId('help').showModal());
    byId('help-close').addEventListener('click', () => byId('help').close());
    byId('skip').addEventListener('click', (event) => {
      event.preventDefault();
      gallery.move(0);
    });
    detail.onClose = forgetAddress;
    window.addEventListener('hashchange', followAddress);
    document.addEventListener('keydown', onKey);
  }

  const anywhere = {
    m: () => setMode(milan.exemplar.nextMode()),
    t: milan.theme.toggle,
    '?': () => byId('help').showModal(),
  };
  const inGallery = {
    '/': () => {
      byId('query').focus();
      byId('query').select();
    },
    j: () => gallery.move(1),
    k: () => gallery.move(-1),
    ArrowRight: () => gallery.move(1),
    ArrowLeft: () => gallery.move(-1),
    ArrowDown: () => gallery.move(gallery.columns()),
    ArrowUp: () => gallery.move(-gallery.columns()),
  };
  const inDetail = {
    j: () => detail.step(1),
    k: () => detail.step(-1),
    ArrowRight: () => detail.step(1),
    ArrowLeft: () => detail.step(-1),
  };

  /** True when the key belongs to the element that has the focus. */
  function isTyping(event) {
    if (event.target.matches('input[type=search]')) {
      if (event.key === 'Escape' || event.key === 'Enter') {
        event.target.blur();
        if (event.key === 'Enter') gallery.move(0);
        event.preventDefault();  // Escape would also empty the field
      }
      return true;
    }
    return event.target.matches('select, input[type=radio]') && event.key.startsWith('Arrow') ||
      event.target.matches('select') && event.key.length === 1;
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    if (byId('help').open) return;
    const keys = {...anywhere, ...(detail.isOpen() ? inDetail : inGallery)};
    if (!Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key]();
  }

  function start() {
    if (!data.report) {
      byId('empty').hidden = false;
      byId('empty').textContent = data.failure ||
        'The data of this report are missing: the folder data must lie beside this page.';
      return;
    }
    const [width, height] = data.report.view;
    document.documentElement.style.setProperty('--aspect', `${width} / ${height}`);
    milan.exemplar.setMode('mask');
    fillHeading();
    fillToolbar();
    milan.reliability.fill(byId('reliability'), data.report);
    gallery.start();
    connect();
    update();
    followAddress();
  }

  start();
})();
