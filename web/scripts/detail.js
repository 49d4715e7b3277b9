'use strict';

/** The page of one unit: a dialog that the unit's own address opens. */
milan.detail = (() => {
  const {create, percent, score, activation, isolated} = milan.dom;
  const dialog = document.getElementById('detail');
  let unit = null;
  let cells = [];
  let onClose = () => {};

  function toolButton(label, sign, key, action) {
    const button = create('button', {type: 'button', className: 'tool', title: `${label} (${key})`},
      create('span', {'aria-hidden': 'true'}, sign), create('span', {className: 'hidden'}, label));
    button.addEventListener('click', action);
    return button;
  }

  function copyButton() {
    const button = create('button', {type: 'button', className: 'tool wide'}, 'Copy link');
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(location.href);
        button.textContent = 'Copied';
      } catch {
        button.textContent = 'Copy it from the address bar';
      }
    });
    return button;
  }

  function head() {
    const previous = toolButton('Previous unit', '←', 'k', () => step(-1));
    const next = toolButton('Next unit', '→', 'j', () => step(1));
    previous.disabled = !milan.gallery.neighbour(unit, -1);
    next.disabled = !milan.gallery.neighbour(unit, 1);
    return create('header', {className: 'detail-head'},
      create('p', {className: 'place'},
        create('span', {className: 'layer'}, isolated(unit.layer.name)),
        create('span', {className: 'number'}, isolated(milan.data.label(unit)))),
      create('div', {className: 'detail-tools'}, copyButton(), previous, next,
        toolButton('Close', '✕', 'Esc', close)));
  }

  function fact(name, value, hint = '') {
    return create('div', {title: hint}, create('dt', {}, name), create('dd', {}, value));
  }

  function facts(details) {
    const list = create('dl', {className: 'fact-list'});
    if (details.best) {
      const [, likelihood, prior, pmi] = details.best;
      if (unit.confidence !== null) {
        list.append(fact('confidence', percent(unit.confidence),
          'probability that the description is right, as calibrated on annotated units'));
      } else if (unit.isGuess) {
        list.append(fact('confidence', 'not known', 'too few exemplars to say how sure the description is'));
      }
      list.append(
        fact('pmi', score(pmi), 'log p(d|E) − λ·log p(d)'),
        fact('log p(d|E)', score(likelihood), 'how likely the description is given the exemplars'),
        fact('log p(d)', score(prior), 'how likely it is of any unit'));
    }
    const [height, width] = unit.layer.map;
    list.append(
      fact('peak activation', activation(details.range[1])),
      fact('lowest activation', activation(details.range[0])),
      fact('threshold', activation(details.threshold),
        `the ${milan.data.report.quantile} quantile of all activations of the unit`),
      fact('activation map', `${height} × ${width}`));
    return list;
  }

  /** What makes the exemplars of a unit less telling than others. */
  function warnings(details) {
    const texts = [];
    if (details.saturated) {
      texts.push('Saturated: so many activations lie at the cap of its activation function that many photos are ' +
        'equally good; the value before the cap tells more.');
    }
    if (details.duplicate_of !== undefined) {
      const address = milan.data.address({layer: unit.layer, number: details.duplicate_of});
      texts.push(create('span', {}, 'Duplicate: its activations are nearly those of ',
        create('a', {href: address}, `unit ${details.duplicate_of}`), '.'));
    }
    return texts.map((text) => create('p', {className: 'warning'}, text));
  }

  /** How many activations lie where between the lowest and the highest, on a logarithmic scale. */
  function distribution(details) {
    const counts = details.distribution;
    const [low, high] = details.range;
    if (!counts || !(high > low)) return '';
    const most = Math.log1p(Math.max(...counts));
    const bars = counts.map((count) => {
      const bar = create('span', {title: milan.dom.count(count)});
      bar.style.setProperty('--part', Math.log1p(count) / most);
      return bar;
    });
    const threshold = create('i');
    threshold.style.setProperty('--part', (details.threshold - low) / (high - low));
    return create('figure', {className: 'distribution'},
      create('div', {role: 'img', 'aria-label': 'Distribution of activations'}, ...bars, threshold),
      create('figcaption', {},
        create('span', {}, activation(low)), create('span', {}, 'activations, log scale; line: threshold'),
        create('span', {}, activation(high))));
  }

  function runnersUp(details) {
    if (!details.others?.length) return '';
    const rows = details.others.map(([text, likelihood, prior, pmi]) => create('tr', {},
      create('th', {scope: 'row'}, text), create('td', {}, score(pmi)),
      create('td', {}, score(likelihood)), create('td', {}, score(prior))));
    return create('section', {},
      create('h3', {}, 'Runners-up'),
      create('table', {className: 'runners-up'},
        create('thead', {}, create('tr', {},
          create('th', {scope: 'col'}, 'description'), create('th', {scope: 'col'}, 'pmi'),
          create('th', {scope: 'col'}, 'log p(d|E)'), create('th', {scope: 'col'}, 'log p(d)'))),
        create('tbody', {}, ...rows)));
  }

  function title() {
    const heading = create('h2', {id: 'detail-title', tabIndex: -1, autofocus: true});
    if (unit.isGuess) {
      heading.append(create('span', {className: 'reason'}, 'No reliable description. Guess: '),
        create('span', {className: 'guess'}, unit.description));
      return heading;
    }
    heading.append(unit.description || milan.whyUndescribed(unit));
    heading.classList.toggle('reason', !unit.description);
    return heading;
  }

  function redraw() {
    milan.figures.draw(cells);
  }

  async function open(newUnit) {
    unit = newUnit;
    cells = [];
    dialog.replaceChildren(head(), title());
    if (!dialog.open) dialog.showModal();
    dialog.scrollTop = 0;
    let body;
    try {
      const details = await milan.data.details(unit);
      if (unit !== newUnit) return;  // another one was opened meanwhile
      const figures = milan.figures.make(details);
      cells = figures.cells;
      body = create('div', {className: 'detail-body'}, figures.element,
        create('aside', {}, ...warnings(details), facts(details), distribution(details),
          runnersUp(details)));
    } catch (error) {
      body = create('p', {className: 'notice'}, error.message);
    }
    dialog.append(body);
    redraw();
  }

  /** Goes to the neighbour in the order shown, without a step in the browser's history for each. */
  function step(direction) {
    const neighbour = milan.gallery.neighbour(unit, direction);
    if (!neighbour) return;
    // Not by the address: its event comes later, and a second key press meanwhile would be lost.
    history.replaceState(null, '', milan.data.address(neighbour));
    open(neighbour);
  }

  function close() {
    dialog.close();
  }

  dialog.addEventListener('close', () => {
    const closed = unit;
    unit = null;
    cells = [];
    dialog.replaceChildren();
    onClose(closed);
  });
  window.addEventListener('resize', redraw);
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) close();  // the backdrop: everything inside has its own element
  });

  return {
    open, close, step, redraw,
    isOpen: () => dialog.open,
    set onClose(action) {
      onClose = action;
    },
  };
})();
