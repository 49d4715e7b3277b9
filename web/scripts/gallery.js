'use strict';

/**
 * The grid of unit cards. Only cards near the window exist: thousands of units are a tall empty box
 * in which the cards in sight are placed. All cards have one height, so places are arithmetic.
 */
milan.gallery = (() => {
  const {create, percent, score, activation, isolated} = milan.dom;
  const minimalCardWidth = 380;
  const gap = 16;
  const picturesPerCard = 15;

  const box = document.getElementById('gallery');
  const cards = new Map();  // unit index -> {element, link, pictures, canvas, cells}
  let units = [];
  let query = '';
  let current = -1;         // place of the current card among `units`
  /** Of all cards: sizes in page pixels; `boxes` are the places of pictures inside their grid. */
  let layout = {columns: 1, step: 0, height: 400, grid: {}, boxes: []};
  let renderRequested = false;

  /** How the unit's pmi stands among all: 0 worst, 1 best. */
  let rankOf = () => 0;

  function rankPmis() {
    const pmis = milan.data.units.map((unit) => unit.pmi).filter((pmi) => pmi !== null);
    pmis.sort((a, b) => a - b);
    const rank = new Map(pmis.map((pmi, place) => [pmi, (place + 1) / pmis.length]));
    rankOf = (unit) => rank.get(unit.pmi);
  }

  function titleOf(unit) {
    if (!unit.description) {
      return [create('span', {className: 'reason'}, milan.whyUndescribed(unit))];
    }
    const words = milan.search.highlight(unit.description, query).map(
      ([piece, isHit]) => (isHit ? create('mark', {}, piece) : piece));
    if (!unit.isGuess) return words;
    return [create('span', {className: 'reason'}, 'No reliable description. Guess: '),
      create('span', {className: 'guess'}, ...words)];
  }

  /** How sure the description is. */
  function confidenceOf(unit) {
    const meter = create('span', {className: 'meter', 'aria-hidden': 'true'});
    meter.style.setProperty('--part', unit.confidence);
    return create('span', {
      className: 'pmi confidence',
      title: `right with a probability of ${percent(unit.confidence)}; pmi ${score(unit.pmi)}`,
    }, meter, `${percent(unit.confidence)} sure`);
  }

  function scoreOf(unit) {
    if (unit.confidence !== null) return confidenceOf(unit);
    if (unit.isGuess) {
      return create('span', {className: 'pmi', title: 'too few exemplars to say how sure it is'}, 'few exemplars');
    }
    if (unit.pmi === null) return '';
    const meter = create('span', {className: 'meter', 'aria-hidden': 'true'});
    meter.style.setProperty('--part', rankOf(unit));
    const place = Math.round(100 * rankOf(unit));
    return create('span', {
      className: 'pmi', title: `pmi: higher than or equal to ${place} % of the described units`,
    }, meter, `pmi ${score(unit.pmi)}`);
  }

  function makeCard(unit) {
    const link = create('a', {href: milan.data.address(unit), className: 'card-link'},
      ...titleOf(unit));
    const facts = create('p', {className: 'facts'},
      create('span', {className: 'place', title: `${unit.layer.name}, ${milan.data.label(unit)}`},
        create('span', {className: 'layer'}, isolated(unit.layer.name)),
        create('span', {className: 'number'}, isolated(milan.data.label(unit)))),
      scoreOf(unit));
    const pictures = create('div', {className: 'pictures'});
    const element = create('article', {className: `card is-${unit.state}`},
      create('h2', {className: 'card-title'}, link), facts, pictures);
    const card = {element, link, pictures, canvas: null, cells: []};
    link.addEventListener('focus', () => setCurrent(units.indexOf(unit)));
    if (unit.state === 'alive') fill(card, unit);
    return card;
  }

  async function fill(card, unit) {
    try {
      const details = await milan.data.details(unit);
      if (!card.element.isConnected) {
        // Scrolled away meanwhile: made again when it comes back.
        cards.delete(unit.index);
        return;
      }
      const count = Math.min(details.photos.length, picturesPerCard);
      for (let rank = 0; rank < count; rank += 1) {
        card.cells.push(milan.exemplar.make(details, rank));
      }
      card.canvas = create('canvas', {'aria-hidden': 'true'});
      card.pictures.append(...card.cells.map((cell) => cell.element), card.canvas);
      drawCard(card);
      card.element.querySelector('.number').after(
        create('span', {className: 'peak'}, `peak ${activation(details.activations[0])}`));
    } catch (error) {
      card.pictures.append(create('span', {className: 'missing'}, error.message));
    }
  }

  /** Draws all masks of a card: on one canvas, because hundreds of canvases make scrolling slow. */
  function drawCard(card) {
    if (!card.canvas) return;
    const {width, height} = layout.grid;
    // As high as the pictures of a whole card: one of few exemplars has fewer rows.
    card.canvas.style.height = `${height}px`;
    const context = milan.overlay.prepare(card.canvas, width, height);
    card.cells.forEach((cell, rank) => milan.exemplar.draw(context, cell, layout.boxes[rank]));
  }

  function makeProbe() {
    const shown = Math.min(picturesPerCard, milan.data.report.k);
    const pictures = create('div', {className: 'pictures'});
    for (let i = 0; i < shown; i += 1) pictures.append(create('div', {className: 'picture'}));
    const element = create('article', {className: 'card is-alive probe'},
      create('h2', {className: 'card-title'}, 'x'),
      create('p', {className: 'facts'}, 'x'), pictures);
    return {element, pictures};
  }

  /**
   * Measures a card as it is styled, so that fonts and zoom may be what they like. Cards get a width
   * that gives pictures a whole number of pixels, or masks would not quite cover them.
   */
  function measure() {
    const width = box.clientWidth;
    const columns = Math.max(1, Math.floor((width + gap) / (minimalCardWidth + gap)));
    const available = Math.floor((width - gap * (columns - 1)) / columns);
    box.style.setProperty('--card-width', `${available}px`);
    const probe = makeProbe();
    box.append(probe.element);
    const pictureGap = 4;
    const excess = (probe.pictures.clientWidth - 4 * pictureGap) % 5;
    const cardWidth = available - excess;
    box.style.setProperty('--card-width', `${cardWidth}px`);
    const height = Math.ceil(probe.element.getBoundingClientRect().height);
    const grid = probe.pictures.getBoundingClientRect();
    const boxes = [...probe.pictures.children].map((picture) => {
      const {x, y, width: side, height: rise} = picture.getBoundingClientRect();
      return {x: x - grid.x, y: y - grid.y, width: side, height: rise};
    });
    probe.element.remove();
    box.style.setProperty('--card-height', `${height}px`);
    const step = columns > 1 ? Math.floor((width - cardWidth) / (columns - 1)) : 0;
    layout = {columns, step, height, grid, boxes};
  }

  const rowHeight = () => layout.height + gap;
  const rowOf = (place) => Math.floor(place / layout.columns);

  /** Places [first, last) of the cards that are in the window or half its height from it. */
  function placesInSight() {
    const margin = window.innerHeight / 2;
    const top = -box.getBoundingClientRect().top;
    const firstRow = Math.max(0, Math.floor((top - margin) / rowHeight()));
    const lastRow = Math.ceil((top + window.innerHeight + margin) / rowHeight());
    return [firstRow * layout.columns, Math.min(units.length, lastRow * layout.columns)];
  }

  function place(card, at) {
    const x = (at % layout.columns) * layout.step;
    const y = rowOf(at) * rowHeight();
    card.element.style.transform = `translate(${x}px, ${y}px)`;
    card.element.classList.toggle('is-current', at === current);
  }

  function render() {
    renderRequested = false;
    const [first, last] = placesInSight();
    const places = [];
    for (let at = first; at < last; at += 1) places.push(at);
    // The card that has the focus stays, or the focus would be lost while scrolling.
    if (current >= 0 && current < units.length && (current < first || current >= last)) {
      places.push(current);
    }
    const wanted = new Set(places.map((at) => units[at].index));
    for (const [index, card] of cards) {
      if (wanted.has(index)) continue;
      card.element.remove();
      cards.delete(index);
    }
    for (const at of places) {
      const unit = units[at];
      if (!cards.has(unit.index)) cards.set(unit.index, makeCard(unit));
      const card = cards.get(unit.index);
      place(card, at);
      if (!card.element.isConnected) box.append(card.element);
    }
  }

  function requestRender() {
    if (renderRequested) return;
    renderRequested = true;
    requestAnimationFrame(render);
  }

  function resize() {
    const rows = Math.ceil(units.length / layout.columns);
    box.style.height = `${Math.max(0, rows * rowHeight() - gap)}px`;
  }

  function setCurrent(at) {
    if (at === current) return;
    cards.get(units[current]?.index)?.element.classList.remove('is-current');
    current = at;
    cards.get(units[current]?.index)?.element.classList.add('is-current');
  }

  /** Scrolls as little as shows the card, below the toolbar, and gives it the focus. */
  function focusPlace(at) {
    const toolbar = document.getElementById('toolbar').getBoundingClientRect();
    const sticky = getComputedStyle(document.getElementById('toolbar')).position === 'sticky';
    const top = box.getBoundingClientRect().top + rowOf(at) * rowHeight();
    const ceiling = (sticky ? toolbar.height : 0) + gap;
    const floor = window.innerHeight - gap;
    if (top < ceiling) window.scrollBy(0, top - ceiling);
    else if (top + layout.height > floor) window.scrollBy(0, top + layout.height - floor);
    setCurrent(at);
    render();
    cards.get(units[at].index).link.focus({preventScroll: true});
  }

  /** Moves the current card; from none, to the first one in sight. */
  function move(steps) {
    if (units.length === 0) return;
    if (current < 0 || current >= units.length) {
      const row = Math.ceil(Math.max(0, -box.getBoundingClientRect().top) / rowHeight());
      focusPlace(Math.min(units.length - 1, row * layout.columns));
      return;
    }
    const target = current + steps;
    if (target >= 0 && target < units.length) focusPlace(target);
  }

  /** Shows other units; cards that hold highlighted text are made again. */
  function show(newUnits, newQuery) {
    units = newUnits;
    query = newQuery;
    current = -1;
    for (const card of cards.values()) card.element.remove();
    cards.clear();
    resize();
    const toolbarHeight = document.getElementById('toolbar').offsetHeight;
    const above = box.getBoundingClientRect().top - toolbarHeight - gap;
    if (above < 0) window.scrollBy(0, above);
    render();
  }

  function redraw() {
    for (const card of cards.values()) drawCard(card);
  }

  function relayout() {
    measure();
    resize();
    redraw();
    requestRender();
  }

  function start() {
    rankPmis();
    measure();
    window.addEventListener('scroll', requestRender, {passive: true});
    let width = box.clientWidth;
    new ResizeObserver(() => {
      if (box.clientWidth === width) return;
      width = box.clientWidth;
      relayout();
    }).observe(box);
  }

  return {
    start, show, move, redraw,
    columns: () => layout.columns,
    /** The unit beside `unit` in the order shown, or null. */
    neighbour: (unit, step) => {
      const at = units.indexOf(unit);
      return at < 0 ? null : units[at + step] ?? null;
    },
    focusUnit: (unit) => {
      const at = units.indexOf(unit);
      if (at >= 0) focusPlace(at);
    },
  };
})();
