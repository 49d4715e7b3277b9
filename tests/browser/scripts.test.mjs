// The page's scripts that need no page.
import assert from 'node:assert/strict';
import {readFileSync, readdirSync} from 'node:fs';
import {test} from 'node:test';
import {runInThisContext} from 'node:vm';

const scripts = new URL('../../web/scripts/', import.meta.url);
globalThis.milan = {};
for (const name of ['mask.js', 'search.js', 'annotation.js']) {
  runInThisContext(readFileSync(new URL(name, scripts), 'utf8'), name);
}
const {mask, search, annotation} = globalThis.milan;

const layer1 = {name: 'layer1'};
const layer2 = {name: 'layer2'};
const units = [
  {layer: layer1, number: 0, state: 'alive', description: 'Striped dogs', pmi: -3, peak: 5},
  {layer: layer1, number: 1, state: 'dead', description: '', pmi: null, peak: 0},
  {layer: layer2, number: 0, state: 'alive', description: 'café on a street', pmi: -1, peak: 2},
  {layer: layer2, number: 1, state: 'alive', description: 'hotdog stands', pmi: -2, peak: 9},
];
const everything = {query: '', layer: '', kind: 'all', order: 'layer'};
const found = (choice) => search.select(units, {...everything, ...choice})
  .map((unit) => units.indexOf(unit));

test('a mask is read as written', () => {
  assert.deepEqual([...mask.decode('CDB', 6)], [0, 0, 1, 1, 1, 0]);
  assert.deepEqual([...mask.decode('ABB', 2)], [1, 0]);
  assert.deepEqual([...mask.decode('gBB', 33)], [...Array(32).fill(0), 1]);
  assert.equal(mask.coverage(mask.decode('AgoM', 12544)), 1);
});

test('an outline closes around every pattern of cells', () => {
  const size = 4;
  for (let pattern = 0; pattern < 2 ** 16; pattern += 257) {
    const cells = Uint8Array.from({length: 16}, (_, i) => (pattern >> i) & 1);
    const ends = new Map();
    for (const [x1, y1, x2, y2] of mask.contour(cells, size)) {
      for (const end of [`${x1},${y1}`, `${x2},${y2}`]) ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    for (const [end, count] of ends) assert.equal(count, 2, `pattern ${pattern} is open at ${end}`);
    assert.equal(ends.size > 0, pattern > 0);
  }
});

test('words are found by their beginnings, without case and accents', () => {
  assert.deepEqual(found({query: 'dog'}), [0]);
  assert.deepEqual(found({query: 'DOGS  stri'}), [0]);
  assert.deepEqual(found({query: 'cafe'}), [2]);
  assert.deepEqual(found({query: 'dog street'}), []);
  assert.deepEqual(found({query: '  '}), [0, 1, 2, 3]);
  assert.deepEqual(found({query: '<.*'}), [0, 1, 2, 3], 'punctuation is not a word');
});

test('units that have names are found by them, too', () => {
  const fresh = {words: undefined};  // of the search, kept from another test
  const named = [{...units[0], ...fresh, name: 'Cluster of beagles'}, {...units[1], ...fresh, name: ''}];
  const names = (query) => search.select(named, {...everything, query}).map((unit) => unit.name);
  assert.deepEqual(names('beag'), ['Cluster of beagles']);
  assert.deepEqual(names('dogs beagles'), ['Cluster of beagles']);
  assert.deepEqual(names('cats'), []);
});

test('layers and kinds narrow the search', () => {
  assert.deepEqual(found({layer: 'layer1'}), [0, 1]);
  assert.deepEqual(found({kind: 'described'}), [0, 2, 3]);
  assert.deepEqual(found({kind: 'undescribed'}), [1]);
});

test('every order puts units that it says nothing about last', () => {
  assert.deepEqual(found({order: 'pmi'}), [2, 3, 0, 1]);
  assert.deepEqual(found({order: 'pmi-rising'}), [0, 3, 2, 1]);
  assert.deepEqual(found({order: 'activation'}), [3, 0, 2, 1]);
  assert.deepEqual(found({order: 'description'}), [0, 2, 3, 1]);
});

test('guesses can be told from reliable descriptions', () => {
  const sure = [
    {...units[0], confidence: 0.8, isGuess: false}, {...units[1], confidence: null, isGuess: false},
    {...units[2], confidence: 0.1, isGuess: true}, {...units[3], confidence: null, isGuess: false},
  ];
  const chosen = (choice) => search.select(sure, {...everything, ...choice})
    .map((unit) => sure.indexOf(unit));
  assert.deepEqual(chosen({kind: 'reliable'}), [0]);
  assert.deepEqual(chosen({kind: 'guessed'}), [2]);
  assert.deepEqual(chosen({order: 'confidence'}), [0, 2, 1, 3]);
  assert.deepEqual(chosen({order: 'confidence-rising'}), [2, 0, 1, 3]);
});

test('the beginnings of words found are highlighted, and the text stays whole', () => {
  assert.deepEqual(search.highlight('hot dogs, Dogma', 'dog'),
    [['hot ', false], ['dog', true], ['s, ', false], ['Dog', true], ['ma', false]]);
  assert.deepEqual(search.highlight('dogs', ''), [['dogs', false]]);
  const text = '<b>café</b> & tables';
  assert.equal(search.highlight(text, 'caf tab b').map(([piece]) => piece).join(''), text);
});

test('annotators share the units in one seeded order', () => {
  const many = Array.from({length: 200}, (_, number) => (
    {index: number, layer: layer1, number, state: number % 10 ? 'alive' : 'dead'}));
  const all = annotation.chosen(many, {units: []});
  assert.equal(all.length, 180);
  assert.deepEqual(annotation.chosen(many, {units: [['layer1', 3], ['layer1', 10]]}), [many[3]]);
  const order = annotation.ordered(all, '7');
  assert.deepEqual(annotation.ordered([...all].reverse(), '7'), order);
  assert.notDeepEqual(annotation.ordered(all, '8'), order);
  assert.notDeepEqual(order, all);
  // Known values: the order must be the same on every machine and in every version.
  assert.deepEqual(order.slice(0, 4).map((unit) => unit.number), [137, 183, 174, 27]);
  const parts = [1, 2, 3].map((part) => annotation.share(order, part, 3));
  assert.deepEqual(parts.map((part) => part.length), [60, 60, 60]);
  assert.equal(new Set(parts.flat()).size, 180);
  const val = many.filter((unit) => annotation.splitOf(unit, 0.1) === 'val').length;
  assert.ok(val > 8 && val < 35, `${val} of 200 in val`);
  assert.ok(many.every((unit) => annotation.splitOf(unit, 0) === 'train'));
});

test('what is exported is what is imported', () => {
  const texts = ['plain', 'with, comma', 'with "quotes"', '  "', 'café'];
  const some = texts.map((_, number) => ({index: number, layer: {name: 'a,"b"'}, number}));
  const csv = annotation.toCsv([...some, {layer: layer1, number: 9}],
    (unit) => (unit.layer === layer1 ? null : {text: texts[unit.number], certainty: 'partly'}),
    'Ann, B.', 0.1);
  assert.match(csv, /^layer,unit,split,annotator,certainty,description\n"a,""b""",0,/);
  const rows = annotation.readCsv(`\uFEFF${csv.replaceAll('\n', '\r\n')}`);
  assert.deepEqual(rows.map((row) => row.text), texts);
  assert.deepEqual(rows[1],
    {layer: 'a,"b"', number: 1, annotator: 'Ann, B.', certainty: 'partly', text: 'with, comma'});
  assert.deepEqual(annotation.readCsv('layer,unit,summary\nconv1,3,dogs\n'),
    [{layer: 'conv1', number: 3, annotator: '', certainty: 'clear', text: 'dogs'}]);
  assert.throws(() => annotation.readCsv('layer,unit\nconv1,3\n'), /no column 'description'/);
  assert.throws(() => annotation.readCsv('layer,unit,description\nconv1,3\n'), /2 fields/);
  assert.throws(() => annotation.readCsv('layer,"unit\n'), /no end/);
});

test('no script writes markup: names and descriptions may hold anything', () => {
  const markup = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/;
  for (const name of readdirSync(scripts)) {
    const source = readFileSync(new URL(name, scripts), 'utf8');
    assert.doesNotMatch(source, markup, name);
  }
});
