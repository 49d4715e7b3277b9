'use strict';

/** What annotators write: order and shares of units, splits, and the CSV. Knows nothing of the page. */
milan.annotation = (() => {
  const format = 1;
  const certainties = ['clear', 'partly', 'unclear'];
  const header = ['layer', 'unit', 'split', 'annotator', 'certainty', 'description'];
  const annotation = {settings: null, failure: '', certainties};

  milan.setAnnotation = (settings) => {
    if (settings.format === format) annotation.settings = settings;
    else annotation.failure = `The data of this page have format ${settings.format}; it reads ${format}.`;
  };

  /** A number in 0..1 that depends on nothing but the text: FNV-1a, then murmur's finalizer. */
  function place(text) {
    let hash = 0x811c9dc5;
    for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
  }

  const nameOf = (unit) => `${unit.layer.name}/${unit.number}`;

  /** Units to be described: alive, and chosen when the settings choose some. */
  function chosen(units, settings) {
    const names = new Set(settings.units.map(([layer, number]) => `${layer}/${number}`));
    return units.filter((unit) => unit.state === 'alive' &&
      (names.size === 0 || names.has(nameOf(unit))));
  }

  /** The units in the seed's order, which is the same on every machine. */
  function ordered(units, seed) {
    const places = new Map(units.map((unit) => [unit, place(`${seed}/${nameOf(unit)}`)]));
    return [...units].sort((a, b) => places.get(a) - places.get(b) || a.index - b.index);
  }

  /** Every `parts`-th unit: the parts are disjoint and together all. */
  const share = (units, part, parts) => units.filter((_, at) => at % parts === part - 1);

  /** By the unit alone, so that all annotators' files put it into the same split. */
  const splitOf = (unit, valPart) => (place(`split/${nameOf(unit)}`) < valPart ? 'val' : 'train');

  const quote = (field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field);
  const line = (fields) => `${fields.map((field) => quote(String(field))).join(',')}\n`;

  /**
   * annotations.csv of what one annotator wrote.
   * @param entryOf {text, certainty} of a unit, or null.
   */
  function toCsv(units, entryOf, annotator, valPart) {
    const lines = [line(header)];
    for (const unit of units) {
      const entry = entryOf(unit);
      if (!entry?.text) continue;
      lines.push(line([unit.layer.name, unit.number, splitOf(unit, valPart), annotator,
        entry.certainty, entry.text]));
    }
    return lines.join('');
  }

  /** Rows of a CSV (RFC 4180) as arrays of fields; empty lines are left out. */
  function parseCsv(text) {
    const rows = [];
    let row = [];
    let field = '';
    let quoted = false;
    const endField = () => {
      row.push(field);
      field = '';
    };
    const endRow = () => {
      endField();
      if (row.length > 1 || row[0] !== '') rows.push(row);
      row = [];
    };
    const body = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
    for (let at = 0; at < body.length; at += 1) {
      const character = body[at];
      if (quoted) {
        if (character !== '"') field += character;
        else if (body[at + 1] === '"') field += body[at += 1];
        else quoted = false;
      } else if (character === '"' && field === '') quoted = true;
      else if (character === ',') endField();
      else if (character === '\n') endRow();
      else field += character;
    }
    if (quoted) throw new Error('a quoted field has no end');
    if (field !== '' || row.length > 0) endRow();
    return rows;
  }

  /** Annotations of a CSV: [{layer, number, annotator, certainty, text}]. Throws what is wrong. */
  function readCsv(text) {
    const [names = [], ...rows] = parseCsv(text);
    const column = (name) => names.indexOf(name);
    const description = column('description') >= 0 ? column('description') : column('summary');
    for (const [name, at] of [['layer', column('layer')], ['unit', column('unit')],
      ['description', description]]) {
      if (at < 0) throw new Error(`it has no column '${name}'`);
    }
    return rows.map((row, at) => {
      if (row.length !== names.length) {
        throw new Error(`row ${at + 1} has ${row.length} fields, the header ${names.length}`);
      }
      const certainty = row[column('certainty')] ?? '';
      return {
        layer: row[column('layer')],
        number: Number(row[column('unit')]),
        annotator: row[column('annotator')] ?? '',
        certainty: certainties.includes(certainty) ? certainty : certainties[0],
        text: row[description],
      };
    });
  }

  return Object.assign(annotation,
    {nameOf, chosen, ordered, share, splitOf, toCsv, parseCsv, readCsv});
})();
