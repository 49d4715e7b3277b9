// The page's scripts that need no page.
import assert from 'node:assert/strict';
import {readFileSync, readdirSync} from 'node:fs';
import {test} from 'node:test';
import {runInThisContext} from 'node:vm';

const scripts = new URL('../../web/scripts/', import.meta.url);
globalThis.milan = {};
for (const name of ['mask.js', 'search.js']) {
  runInThisContext(readFileSync(new URL(name, scripts), 'utf8'), name);
}
const {mask, search} = globalThis.milan;

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

test('the beginnings of words found are highlighted, and the text stays whole', () => {
  assert.deepEqual(search.highlight('hot dogs, Dogma', 'dog'),
    [['hot ', false], ['dog', true], ['s, ', false], ['Dog', true], ['ma', false]]);
  assert.deepEqual(search.highlight('dogs', ''), [['dogs', false]]);
  const text = '<b>café</b> & tables';
  assert.equal(search.highlight(text, 'caf tab b').map(([piece]) => piece).join(''), text);
});

test('no script writes markup: names and descriptions may hold anything', () => {
  const markup = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/;
  for (const name of readdirSync(scripts)) {
    const source = readFileSync(new URL(name, scripts), 'utf8');
    assert.doesNotMatch(source, markup, name);
  }
});
