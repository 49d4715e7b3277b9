// The page on which people describe units, opened from the disk and used as they use it.
import assert from 'node:assert/strict';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {pathToFileURL} from 'node:url';

import {launch, openPage, whyNoBrowser} from './support/chromium.mjs';
import {writeReports} from './support/report.mjs';

const missing = await whyNoBrowser();
const mustRun = process.env.MILAN_REQUIRE_BROWSER === '1';
const layer = 'layer2 "quoted" & <b>bold</b> 100%';
const units = 13;  // 16 were chosen, of which 3 are not alive

describe('annotate', {skip: missing !== '' && !mustRun && missing}, () => {
  let reports;
  let browser;
  let address;

  before(async () => {
    assert.equal(missing, '');
    reports = writeReports(400);
    address = pathToFileURL(join(reports.folder, 'annotate/index.html')).href;
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    reports?.remove();
  });

  /** Runs `use` on a page in a browser that has kept nothing yet. */
  async function withPage(use, {url = address, ...options} = {}) {
    const {page, problems, close} = await openPage(browser, url, options);
    try {
      await use(page);
      assert.deepEqual(problems, []);
      assert.equal(await page.evaluate(() => window.hacked), undefined, 'a hostile name ran');
    } finally {
      await close();
    }
  }

  const count = (page) => page.locator('#count').textContent();
  const status = (page) => page.locator('#status').textContent();
  const text = (page) => page.locator('#text').inputValue();
  // Asked of the page itself: page.url() is told of a new address some time after the key press.
  const unitOf = async (page) => decodeURIComponent(await page.evaluate(() => location.hash));
  const certainty = (page) => page.locator('input[name=certainty]:checked').inputValue();
  const pictured = (page) => page.locator('.exemplar canvas').first().waitFor();
  const focused = (page) => page.evaluate(() => document.activeElement.id);

  async function type(page, words) {
    await page.keyboard.type(words);
    await page.keyboard.press('Enter');
  }

  async function exported(page) {
    const download = page.waitForEvent('download');
    await page.locator('#export').click();
    const file = await download;
    const content = readFileSync(await file.path(), 'utf8');
    return {name: file.suggestedFilename(), lines: content.trimEnd().split('\n')};
  }

  async function importCsv(page, content) {
    const path = join(reports.folder, 'import.csv');
    writeFileSync(path, content);
    await page.locator('#import-file').setInputFiles(path);
    await page.waitForFunction(() => /import/.test(document.querySelector('#status').textContent));
  }

  async function keep(page, name) {
    const folder = process.env.MILAN_SCREENSHOTS;
    if (!folder) return;
    mkdirSync(folder, {recursive: true});
    await page.waitForTimeout(300);  // pictures are decoded in the background
    await page.screenshot({path: join(folder, `${name}.png`)});
  }

  test('shows a unit with all its exemplars, ready to type', () => withPage(async (page) => {
    await pictured(page);
    assert.equal(await page.locator('.exemplar').count(), 15);
    assert.equal(await count(page), `0 of ${units} units described`);
    assert.equal(await focused(page), 'text');
    assert.ok(await page.locator('#machine-text').isHidden());
    await keep(page, 'annotate');
  }));

  test('describes by keyboard alone, and keeps what was typed', () => withPage(async (page) => {
    const first = await unitOf(page);
    await type(page, 'striped dogs, and cats');
    const second = await unitOf(page);
    assert.notEqual(second, first);
    assert.equal(await text(page), '');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await type(page, 'round "things"');
    assert.equal(await count(page), `2 of ${units} units described`);
    assert.equal(await certainty(page), 'clear', 'a new unit begins clear');
    await page.keyboard.press('PageUp');
    assert.equal(await unitOf(page), second);
    assert.equal(await text(page), 'round "things"');
    assert.equal(await certainty(page), 'unclear');
    await page.keyboard.press('Escape');
    await page.keyboard.press('2');
    assert.equal(await certainty(page), 'partly');
    await page.keyboard.press('k');
    assert.equal(await unitOf(page), first);
    await page.keyboard.press('n');
    assert.equal(await text(page), '', 'n leads to one without a text');
    await page.keyboard.type('half a');
    await page.reload();
    assert.equal(await count(page), `3 of ${units} units described`);
    assert.equal(await text(page), 'half a', 'the same unit, as it was left');
    await page.locator('#text').fill('');
    assert.equal(await count(page), `2 of ${units} units described`);
    await keep(page, 'annotate-typed');

    const {name, lines} = await exported(page);
    assert.equal(name, 'annotations-a1.csv');
    assert.equal(lines[0], 'layer,unit,split,annotator,certainty,description');
    assert.equal(lines.length, 3);
    const numberOf = (hash) => hash.split('/').at(-1);
    const quoted = '"layer2 ""quoted"" & <b>bold</b> 100%"';
    const of = (hash) => lines.find((one) => one.startsWith(`${quoted},${numberOf(hash)},`));
    assert.match(of(first), /,(train|val),a1,clear,"striped dogs, and cats"$/);
    assert.match(of(second), /,(train|val),a1,partly,"round ""things"""$/);
  }));

  test('goes through all units once, and says when all are done', () => withPage(async (page) => {
    const seen = new Set();
    for (let i = 0; i < units; i += 1) {
      seen.add(await unitOf(page));
      await type(page, `text ${i}`);
    }
    assert.equal(seen.size, units);
    assert.match(await status(page), /All 13 units are described/);
    for (const dead of [3, 4, 5]) assert.ok(![...seen].some((unit) => unit.endsWith(`/${dead}`)));
  }));

  test('parts are shares of the same order', () => withPage(async (page) => {
    const whole = [];
    for (let i = 0; i < units; i += 1) {
      whole.push(await unitOf(page));
      await page.keyboard.press('PageDown');
    }
    await page.locator('#parts').fill('2');
    await page.locator('#part').fill('2');
    await page.keyboard.press('Tab');
    await page.waitForFunction(() => /of 6 units/.test(document.querySelector('#count').textContent));
    await page.locator('#text').focus();
    const part = [];
    for (let i = 0; i < 6; i += 1) {
      part.push(await unitOf(page));
      await page.keyboard.press('PageDown');
    }
    assert.deepEqual(part, whole.filter((_, at) => at % 2 === 1));
    await page.reload();
    assert.equal(await count(page), '0 of 6 units described', 'the share is remembered');
  }));

  test('annotators do not see each other', () => withPage(async (page) => {
    await type(page, 'mine');
    await page.locator('#annotator').fill('b');
    await page.keyboard.press('Tab');
    await page.waitForFunction(() => /^0 of/.test(document.querySelector('#count').textContent));
    assert.equal(await text(page), '');
    assert.equal((await exported(page)).lines.length, 1);
    await page.locator('#annotator').fill('a1');
    await page.keyboard.press('Tab');
    await page.waitForFunction(() => /^1 of/.test(document.querySelector('#count').textContent));
  }));

  test('goes on with an exported file elsewhere', async () => {
    let csv = '';
    await withPage(async (page) => {
      await page.locator('#annotator').fill('Ann B');
      await page.keyboard.press('Tab');
      await page.locator('#text').focus();
      await type(page, 'one, "two"');
      await type(page, 'three');
      const file = await exported(page);
      assert.equal(file.name, 'annotations-Ann_B.csv');
      csv = file.lines.join('\n');
    });
    await withPage(async (page) => {
      await importCsv(page, `${csv}\nother,1,train,Ann B,clear,gone\n`);
      assert.match(await status(page), /^2 descriptions imported .*; 1 of units that are not here/);
      assert.equal(await page.locator('#annotator').inputValue(), 'Ann B');
      assert.equal(await count(page), `2 of ${units} units described`);
      assert.deepEqual((await exported(page)).lines.join('\n'), csv);
      // What is on the page is newer than a file, and another's rows are not this one's.
      const changed = csv.replace('three', 'tree').replace('""two""', 'two');
      await importCsv(page, changed.replace('"one, two"', 'fine').replaceAll('Ann B', 'Ann B'));
      assert.match(await status(page), /^0 descriptions .* 2 kept as they are on this page/);
      await importCsv(page, csv.replaceAll('Ann B', 'Carl'));
      assert.match(await status(page), /2 of other annotators left out/);
      await importCsv(page, 'layer,unit\na,1\n');
      assert.match(await status(page), /import.csv: it has no column 'description'/);
      assert.deepEqual((await exported(page)).lines.join('\n'), csv);
    });
  });

  test('the machine is heard only when asked', () => withPage(async (page) => {
    await pictured(page);
    assert.ok(!(await page.locator('body').innerText()).includes('pmi'));
    await page.keyboard.press('Escape');
    await page.keyboard.press('h');
    assert.ok((await page.locator('#machine-text').textContent()).length > 2);
    await keep(page, 'annotate-machine');
    await page.keyboard.press('h');
    assert.ok(await page.locator('#machine-text').isHidden());
  }));

  test('a blind page has nothing of the machine', () => withPage(async (page) => {
    await pictured(page);
    assert.ok(await page.locator('#machine').isHidden());
    await page.keyboard.press('Escape');
    await page.keyboard.press('h');
    assert.ok(await page.locator('#machine').isHidden());
  }, {url: pathToFileURL(join(reports.folder, 'blind/index.html')).href}));

  test('says when the browser keeps nothing', () => withPage(async (page) => {
    await page.evaluate(() => {
      Storage.prototype.setItem = () => { throw new Error('full'); };
    });
    await page.keyboard.type('kept in memory');
    assert.match(await status(page), /export before you close/);
    assert.equal((await exported(page)).lines.length, 2);
  }));

  test('opens at the unit that the address names', () => withPage(async (page) => {
    assert.equal(await unitOf(page), `#${layer}/12`);
    await pictured(page);
    await page.keyboard.press('Escape');
    await page.keyboard.press('?');
    await page.locator('#help[open]').waitFor();
    await keep(page, 'annotate-help');
  }, {url: `${address}#${encodeURIComponent(layer)}/12`}));

  test('is dark and narrow where it should be', () => withPage(async (page) => {
    await pictured(page);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await keep(page, 'annotate-phone');
  }, {viewport: {width: 390, height: 844}, colorScheme: 'dark', deviceScaleFactor: 2}));
});
