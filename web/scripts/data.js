'use strict';

/**
 * The report's data, and the functions that its data files call. A data file is a script because a
 * page opened from the disk cannot fetch: data/report.js and data/photos.js come with the page,
 * data/exemplars-N.js (a few dozen units each) when one of their units comes into sight.
 */
milan.data = (() => {
  const format = 1;
  const data = {
    report: null,
    /**
     * All units in the run's order: {index, layer, number, name, state, description, pmi,
     * confidence, isGuess, peak}. A guess is a description whose confidence does not reach the
     * threshold of the calibration, or is not known though there is one.
     */
    units: [],
    layers: [],
    /** Photos shown, by id: {name, size, view} or {name, failure}. */
    photos: new Map(),
    /** Why nothing can be shown; empty when all is well. */
    failure: '',
  };
  const files = new Map();    // number -> promise of the units' details
  const waiting = new Map();  // number -> function to call with them

  function unitOf(layer, number) {
    return {
      index: data.units.length,
      layer,
      number,
      name: layer.names?.[number] ?? '',  // of clusters
      state: layer.states[number],
      description: layer.descriptions[number],
      pmi: layer.pmis[number],
      confidence: layer.confidences?.[number] ?? null,
      peak: layer.peaks[number],
    };
  }

  milan.setReport = (report) => {
    if (report.format !== format) {
      data.failure =
        `The data of this report have format ${report.format}; this page reads ${format}.`;
      return;
    }
    data.report = report;
    data.layers = report.layers;
    for (const layer of report.layers) {
      layer.first_index = data.units.length;
      for (let number = 0; number < layer.states.length; number += 1) {
        const unit = unitOf(layer, number);
        // null >= 0.3 is false: a text of unknown confidence is a guess.
        unit.isGuess = Boolean(report.calibration && unit.description) &&
          !(unit.confidence >= report.calibration.threshold);
        data.units.push(unit);
      }
    }
  };

  milan.setPhotos = (photos) => {
    for (const photo of photos) data.photos.set(photo.id, photo);
  };

  milan.addExemplars = ({file, units}) => {
    waiting.get(file)?.(units);
    waiting.delete(file);
  };

  function loadFile(number) {
    if (!files.has(number)) {
      files.set(number, new Promise((resolve, reject) => {
        waiting.set(number, resolve);
        const script = document.createElement('script');
        script.src = `data/exemplars-${number}.js`;
        script.addEventListener('load', () => script.remove());
        script.addEventListener('error', () => {
          script.remove();
          reject(new Error(`${script.getAttribute('src')} is missing`));
        });
        document.head.append(script);
      }));
    }
    return files.get(number);
  }

  /** Promise of {photos, activations, masks, threshold, range, best, others} of a unit. */
  data.details = async (unit) => {
    const place = Math.floor(unit.number / data.report.units_per_file);
    const units = await loadFile(unit.layer.first_file + place);
    return units[unit.number % data.report.units_per_file];
  };

  /** How a unit is called: by its number and, where it has one, its name. */
  data.label = (unit) => unit.name ? `unit ${unit.number}: ${unit.name}` : `unit ${unit.number}`;

  /** The unit's own address in the page: #layer/unit. It stays the same in later reports. */
  data.address = (unit) => `#${encodeURIComponent(unit.layer.name)}/${unit.number}`;

  /** The unit that an address names, or null. */
  data.unitAt = (address) => {
    const match = /^#(.+)\/(\d+)$/.exec(address);
    if (!match) return null;
    let name = match[1];
    try {
      name = decodeURIComponent(name);
    } catch {
      // Typed by hand with a stray percent sign: taken as it is.
    }
    const layer = data.layers.find((candidate) => candidate.name === name);
    const number = Number(match[2]);
    if (!layer || number >= layer.states.length) return null;
    return data.units[layer.first_index + number];
  };

  return data;
})();

/** Small helpers for text and elements. */
milan.dom = (() => {
  /**
   * An element with properties and children. Text goes in as text nodes, never as markup: file
   * names, layer names and descriptions may hold anything.
   */
  function create(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name in element) {
        element[name] = value;
      } else {
        element.setAttribute(name, value);
      }
    }
    element.append(...children);
    return element;
  }

  const count = (number) => number.toLocaleString('en');

  /** "1 unit", "4,000 units". */
  const plural = (number, noun) => `${count(number)} ${noun}${number === 1 ? '' : 's'}`;

  /** A part of 1 in whole percent; what is not quite none or all does not look so. */
  function percent(part) {
    if (part === null || part === undefined) return '–';
    if (part > 0 && part < 0.01) return '< 1 %';
    if (part < 1 && part > 0.99) return '> 99 %';
    return `${Math.round(100 * part)} %`;
  }

  /** A number with a true minus sign; a dash where there is none. */
  function score(value, digits = 2) {
    if (value === null || value === undefined) return '–';
    return value.toFixed(digits).replace('-', '−');
  }

  /** An activation: three significant digits, whatever its size. */
  function activation(value) {
    if (value === null || value === undefined) return '–';
    if (value === 0) return '0';
    const magnitude = Math.floor(Math.log10(Math.abs(value)));
    const text = magnitude > 5 || magnitude < -3 ? value.toExponential(2) :
      value.toFixed(Math.max(0, 2 - magnitude));
    return text.replaceAll('-', '−');
  }

  /** A name inside an element whose beginning is cut off (style.css): kept from left to right. */
  const isolated = (name) => create('bdi', {dir: 'ltr'}, name);

  return {create, count, plural, percent, score, activation, isolated};
})();

/** Why a unit has no description, in words; empty when it has one. */
milan.whyUndescribed = (unit) => {
  if (unit.description) return '';
  const reasons = {
    dead: 'Dead: its activation is 0 everywhere, on every photo.',
    constant: 'Constant: one activation everywhere, on every photo.',
    invalid: 'Invalid: some activation is not a finite number.',
  };
  return reasons[unit.state] ?? 'Not described.';
};
