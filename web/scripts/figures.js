'use strict';

/** The exemplars of one unit as figures: a picture with its mask, and what is to be said of it. */
milan.figures = (() => {
  const {create, activation, isolated} = milan.dom;

  function maskText(cell) {
    if (cell.isMissing) return '';
    const covered = 100 * milan.exemplar.coverage(cell);
    if (covered === 0) return 'mask empty';
    return `mask ${covered < 1 ? '< 1' : Math.round(covered)} %`;
  }

  function figure(details, rank, cells) {
    const cell = milan.exemplar.make(details, rank);
    if (!cell.isMissing) {
      cell.canvas = create('canvas', {'aria-hidden': 'true'});
      cell.element.append(cell.canvas);
      cells.push(cell);
    }
    const name = milan.data.photos.get(details.photos[rank])?.name ?? '';
    const bar = create('span', {className: 'bar', 'aria-hidden': 'true'});
    const part = details.activations[rank] / details.activations[0];
    bar.style.setProperty('--part', Math.max(0, part));
    return create('figure', {className: 'exemplar'}, cell.element,
      create('figcaption', {}, bar,
        create('span', {className: 'value'}, activation(details.activations[rank])),
        create('span', {className: 'covered'}, maskText(cell)),
        create('span', {className: 'name', title: name}, isolated(name))));
  }

  /** {element, cells} of all exemplars of a unit; draw the cells once the element is in the page. */
  function make(details) {
    if (!details.photos) {
      return {element: create('p', {className: 'notice'}, 'No exemplars are shown.'), cells: []};
    }
    const cells = [];
    const element = create('div', {className: 'exemplars'},
      ...details.photos.map((_, rank) => figure(details, rank, cells)));
    return {element, cells};
  }

  /** Draws masks over the pictures, as the mode of the page and their size on the screen say. */
  function draw(cells) {
    for (const cell of cells) {
      const {width, height} = cell.element.getBoundingClientRect();
      const context = milan.overlay.prepare(cell.canvas, width, height);
      milan.exemplar.draw(context, cell, {x: 0, y: 0, width, height});
    }
  }

  return {make, draw};
})();
