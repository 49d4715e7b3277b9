'use strict';

/** Which units are shown, and in which order. Knows nothing of the page. */
milan.search = (() => {
  /** Words of a text, without case and accents. */
  function wordsOf(text) {
    const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
    return plain.match(/[\p{L}\p{N}]+/gu) ?? [];
  }

  /** The text in which a query word is looked up: a space before every word. */
  const indexText = (description) => ` ${wordsOf(description).join(' ')}`;

  const kinds = {
    all: () => true,
    described: (unit) => Boolean(unit.description),
    undescribed: (unit) => !unit.description,
    reliable: (unit) => Boolean(unit.description) && unit.confidence !== null && !unit.isGuess,
    guessed: (unit) => Boolean(unit.description) && unit.isGuess,
  };

  const falling = (key) => (a, b) => b[key] - a[key];
  const rising = (key) => (a, b) => a[key] - b[key];
  /** `missing` are units that the order says nothing about: they come last. */
  const orders = {
    layer: {label: 'layer, unit', compare: null, missing: () => false},
    pmi: {label: 'pmi, best first', compare: falling('pmi'), missing: (unit) => unit.pmi === null},
    'pmi-rising': {
      label: 'pmi, worst first', compare: rising('pmi'), missing: (unit) => unit.pmi === null,
    },
    confidence: {
      label: 'confidence, surest first', compare: falling('confidence'),
      missing: (unit) => unit.confidence === null,
    },
    'confidence-rising': {
      label: 'confidence, least sure first', compare: rising('confidence'),
      missing: (unit) => unit.confidence === null,
    },
    activation: {
      label: 'activation, highest first', compare: falling('peak'),
      missing: (unit) => unit.peak === null || unit.state !== 'alive',
    },
    description: {
      label: 'description, A to Z',
      compare: (a, b) => a.description < b.description ? -1 : Number(a.description > b.description),
      missing: (unit) => !unit.description,
    },
  };

  function sorted(units, order) {
    const {compare, missing} = orders[order];
    if (!compare) return units;
    // Sorting is stable: equal units stay in the order of layers.
    return [...units.filter((unit) => !missing(unit)).sort(compare), ...units.filter(missing)];
  }

  /**
   * Units that have a word beginning with each word of the query.
   * @param {{query: string, layer: string, kind: string, order: string}} choice; layer '' is all.
   */
  function select(units, choice) {
    const words = wordsOf(choice.query).map((word) => ` ${word}`);
    const isKind = kinds[choice.kind];
    const hits = units.filter((unit) => {
      if (choice.layer && unit.layer.name !== choice.layer) return false;
      if (!isKind(unit)) return false;
      unit.words ??= indexText(unit.name ? `${unit.description} ${unit.name}` : unit.description);
      return words.every((word) => unit.words.includes(word));
    });
    return sorted(hits, choice.order);
  }

  /** The words that most units share, most frequent first, for suggestions. */
  function frequentWords(units, count) {
    const dull = new Set(
      'a an the of in on at and or with to from for by as is are it its that this other'.split(' '));
    const numbers = new Map();
    for (const unit of units) {
      for (const word of new Set(wordsOf(unit.description))) {
        if (!dull.has(word)) numbers.set(word, (numbers.get(word) ?? 0) + 1);
      }
    }
    return [...numbers].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, count);
  }

  /** `text` cut into [piece, isHit]: the beginnings of words that the query asks for. */
  function highlight(text, query) {
    const words = wordsOf(query);
    if (words.length === 0) return [[text, false]];
    const pieces = [];
    let end = 0;
    for (const match of text.matchAll(/[\p{L}\p{N}\p{M}]+/gu)) {
      const plain = wordsOf(match[0]).join('');
      const hits = words.filter((word) => plain.startsWith(word));
      if (hits.length === 0) continue;
      const length = Math.max(...hits.map((word) => word.length));
      pieces.push([text.slice(end, match.index), false]);
      end = match.index + Math.min(length, match[0].length);
      pieces.push([text.slice(match.index, end), true]);
    }
    pieces.push([text.slice(end), false]);
    return pieces.filter(([piece]) => piece !== '');
  }

  return {wordsOf, select, orders, frequentWords, highlight};
})();
