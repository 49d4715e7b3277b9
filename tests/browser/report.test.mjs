// A report of 4,000 units, opened from the disk and used as a reader uses it.
import assert from 'node:assert/strict';
import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {pathToFileURL} from 'node:url';

import {launch, openPage, whyNoBrowser} from './support/chromium.mjs';
import {readUnits, writeReports} from './support/report.mjs';

const missing = await whyNoBrowser();
const mustRun = process.env.MILAN_REQUIRE_BROWSER === '1';

describe('report', {skip: missing !== '' && !mustRun && missing}, () => {
  let reports;
  let units;
  let browser;
  let address;

  before(async () => {
    assert.equal(missing, '');
    reports = writeReports(4000);
    units = readUnits(join(reports.folder, 'report'));
    address = pathToFileURL(join(reports.folder, 'report/index.html')).href;
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    reports?.remove();
  });

  /** Runs `use` on a fresh page, and holds that nothing went wrong on it meanwhile. */
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
  const titles = (page) => page.locator('.card:not(.probe)').evaluateAll((cards) => cards
    .map((card) => [new DOMMatrix(card.style.transform),
      card.querySelector('.card-link').textContent])
    .sort(([a], [b]) => a.f - b.f || a.e - b.e).map(([, title]) => title));
  const pictured = (page) => page.locator('.card canvas').first().waitFor();
  const detail = (page) => page.locator('#detail[open]');

  async function keep(page, name) {
    const folder = process.env.MILAN_SCREENSHOTS;
    if (!folder) return;
    mkdirSync(folder, {recursive: true});
    await page.waitForTimeout(300);  // pictures are decoded in the background
    await page.screenshot({path: join(folder, `${name}.png`)});
  }

  test('says what it shows', () => withPage(async (page) => {
    assert.equal(await page.title(), 'synthetic.onnx · milan');
    assert.match(await page.locator('#summary').textContent(),
      /^4,000 units in 4 layers, seen through 40 photos: 3,988 described, 4 dead, 4 const/);
    assert.equal(await count(page), '4,000 units');
    await pictured(page);
    await keep(page, 'gallery-light');
  }));

  test('keeps few cards in the page, wherever one scrolls', () => withPage(async (page) => {
    const started = performance.now();
    for (const part of [0, 0.25, 0.5, 0.75, 1]) {
      await page.evaluate((to) => window.scrollTo(0, to * document.body.scrollHeight), part);
      await page.waitForFunction(() => [...document.querySelectorAll('.card')].some((card) => {
        const box = card.getBoundingClientRect();
        return box.bottom > 0 && box.top < innerHeight;
      }));
      assert.ok(await page.locator('.card').count() <= 40);
    }
    await page.getByText('unit 999', {exact: true}).last().waitFor();
    console.log(`scrolled through 4,000 units in ${Math.round(performance.now() - started)} ms`);
  }));

  test('finds units by words', () => withPage(async (page) => {
    const expected = units.filter((unit) => /\bdog/.test(unit.description) &&
      /\bstrip/.test(unit.description));
    const started = performance.now();
    await page.locator('#query').fill('dog STRIP');
    assert.equal(await count(page), `${expected.length} of 4,000 units`);
    console.log(`searched in ${Math.round(performance.now() - started)} ms`);
    assert.equal(await page.locator('.card mark').first().textContent(), 'strip');
    assert.deepEqual((await titles(page)).slice(0, 6),
      expected.slice(0, 6).map((unit) => unit.description));
    await pictured(page);
    await keep(page, 'search');
    await page.locator('#query').fill('zzz');
    await page.locator('#empty').waitFor();
    await page.locator('#query').fill('cafe');
    assert.equal(await count(page),
      `${units.filter((unit) => unit.description.includes('café')).length} of 4,000 units`);
  }));

  test('filters by layer and kind', () => withPage(async (page) => {
    await page.locator('#layer').selectOption('fc');
    assert.equal(await count(page), '1,000 of 4,000 units');
    await page.locator('#kind').selectOption('undescribed');
    assert.equal(await count(page), '3 of 4,000 units');
    assert.match((await titles(page)).join(), /Dead: .*Constant: .*Invalid: /);
    assert.equal(await page.locator('.card img').count(), 0);
    await keep(page, 'undescribed');
  }));

  for (const [order, key] of [['pmi', 'pmi'], ['activation', 'peak']]) {
    test(`sorts by ${order}`, () => withPage(async (page) => {
      const expected = units.filter((unit) => unit.state === 'alive')
        .sort((a, b) => b[key] - a[key]).slice(0, 6);
      const started = performance.now();
      await page.locator('#order').selectOption(order);
      assert.deepEqual((await titles(page)).slice(0, 6), expected.map((unit) => unit.description));
      console.log(`sorted in ${Math.round(performance.now() - started)} ms`);
    }));
  }

  for (const width of [1400, 900, 380]) {
    test(`names the unit in full at ${width} pixels, however long its layer's name`, () =>
      withPage(async (page) => {
        await page.locator('#layer').selectOption({index: 2});
        await pictured(page);
        const cut = await page.locator('.card:not(.probe) .place').evaluateAll((places) => places
          .filter((place) => {
            const number = place.querySelector('.number');
            return number.scrollWidth > number.clientWidth + 1 || number.clientWidth === 0 ||
              number.getBoundingClientRect().right > place.getBoundingClientRect().right + 1;
          }).map((place) => place.textContent));
        assert.deepEqual(cut, []);
      }, {viewport: {width, height: 900}}));
  }

  test('shows mask, outline and whole photo', () => withPage(async (page) => {
    await pictured(page);
    const clearPart = () => page.locator('.card canvas').first().evaluate((canvas) => {
      const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let clear = 0;
      for (let i = 3; i < data.length; i += 4) clear += data[i] === 0 ? 1 : 0;
      return clear / (data.length / 4);
    });
    const unmasked = await clearPart();
    assert.ok(unmasked > 0.1 && unmasked < 0.6, `the masks leave ${unmasked} of the card bright`);
    await page.getByText('Outline', {exact: true}).click();
    assert.ok(await clearPart() > 0.7, 'outlines cover little');
    await keep(page, 'outline');
    const widthOf = () => page.locator('.card img').nth(1).evaluate((image) =>
      image.getBoundingClientRect().width / image.parentElement.getBoundingClientRect().width);
    assert.ok(await widthOf() > 1.05, 'the photo is cut');
    await page.getByText('Whole photo', {exact: true}).click();
    assert.equal(await widthOf(), 1, 'the photo is fitted');
    await keep(page, 'whole');
  }));

  test('opens a unit by its own address', () => withPage(async (page) => {
    await detail(page).locator('.exemplars').waitFor();
    assert.equal(await detail(page).locator('.place').textContent(),
      'layer2 "quoted" & <b>bold</b> 100%unit 12');
    assert.equal(await detail(page).locator('.exemplar').count(), 15);
    assert.equal(await detail(page).locator('.runners-up tbody tr').count(), 5);
    const unit = units.find(({layer, number}) => layer.startsWith('layer2') && number === 12);
    assert.equal(await page.locator('#detail-title').textContent(), unit.description);
    await keep(page, 'detail-light');
    await page.keyboard.press('Escape');
    // The dialog closes at once, its close event (which cleans the address) comes a moment later.
    await page.waitForURL((url) => url.hash === '');
    assert.equal(await detail(page).count(), 0);
  }, {url: `${address}#${encodeURIComponent('layer2 "quoted" & <b>bold</b> 100%')}/12`}));

  test('an address of nothing opens nothing', () => withPage(async (page) => {
    assert.equal(await count(page), '4,000 units');
    assert.equal(await detail(page).count(), 0);
  }, {url: `${address}#conv1/100000`}));

  test('a unit opens by mouse and the back button closes it', () => withPage(async (page) => {
    await page.locator('.card').nth(1).click();
    await page.waitForURL(/#conv1\/1$/);
    await detail(page).waitFor();
    await page.goBack();
    await detail(page).waitFor({state: 'detached'});
  }));

  test('a dead unit says so', () => withPage(async (page) => {
    await detail(page).waitFor();
    assert.match(await page.locator('#detail-title').textContent(), /^Dead: /);
    assert.equal(await detail(page).locator('img').count(), 0);
  }, {url: `${address}#conv1/3`}));

  test('a photo that is gone is shown as missing', () => withPage(async (page) => {
    await page.locator('.card .missing').first().waitFor();
    assert.equal(await page.locator('.card .missing').first().textContent(), 'photo missing');
  }));

  test('works by keyboard alone', () => withPage(async (page) => {
    const focused = () => page.evaluate(() => document.activeElement.getAttribute('href') ??
      document.activeElement.id);
    const mode = () => page.locator('html').getAttribute('data-mode');
    await page.keyboard.press('j');
    assert.equal(await focused(), '#conv1/0');
    await page.keyboard.press('j');
    await page.keyboard.press('ArrowRight');
    assert.equal(await focused(), '#conv1/2');
    await page.keyboard.press('k');
    await page.keyboard.press('ArrowDown');
    assert.equal(await focused(), '#conv1/4');
    await page.keyboard.press('Enter');
    await detail(page).locator('.notice').waitFor();  // conv1/4 is constant
    await page.keyboard.press('j');
    await page.keyboard.press('j');
    await detail(page).locator('.exemplars').waitFor();
    assert.equal(await page.evaluate(() => location.hash), '#conv1/6');
    await page.keyboard.press('m');
    assert.equal(await mode(), 'outline');
    await page.keyboard.press('Escape');
    // The focus returns to the last unit seen, once the dialog's close event has come.
    await page.waitForFunction(() => document.activeElement.getAttribute('href') === '#conv1/6');
    await page.keyboard.press('m');
    assert.equal(await mode(), 'whole');
    await page.keyboard.press('m');
    assert.equal(await mode(), 'mask');
    await page.keyboard.press('?');
    await page.locator('#help[open]').waitFor();
    await page.keyboard.press('Escape');
    await page.locator('#help[open]').waitFor({state: 'detached'});
    await page.keyboard.press('/');
    assert.equal(await focused(), 'query');
    await page.keyboard.type('m/j?');
    assert.equal(await page.locator('#query').inputValue(), 'm/j?', 'keys are text while typing');
    assert.equal(await mode(), 'mask');
    await page.locator('#query').fill('furry');
    await page.keyboard.press('Enter');
    assert.match(await focused(), /^#conv1/);
  }));

  test('the current card stays in sight and keeps the focus', () => withPage(async (page) => {
    const started = performance.now();
    for (let i = 0; i < 40; i += 1) await page.keyboard.press('j');
    console.log(`40 steps in ${Math.round(performance.now() - started)} ms`);
    const box = await page.locator('.card.is-current').boundingBox();
    assert.ok(box.y > 0 && box.y + box.height <= 900);
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    await page.waitForTimeout(50);
    assert.equal(await page.evaluate(() => document.activeElement.className), 'card-link');
  }));

  test('hostile names are text', () => withPage(async (page) => {
    await page.locator('.card').first().waitFor();
    assert.match((await titles(page))[0], /^<img src=x onerror="window.hacked=3"> & <\/script>/);
    await page.locator('#query').fill('onerror');
    assert.equal(await count(page), '1 of 4,000 units');
    await page.locator('.card').first().click();
    await detail(page).locator('.exemplars').waitFor();
    assert.equal(await page.locator('img[src="x"]').count(), 0);
    for (const unit of [1, 2, 6, 7, 8, 9]) {  // one of them has the hostile photo
      await page.evaluate((to) => { location.hash = `#conv1/${to}`; }, unit);
      await page.waitForFunction((to) => document.querySelector('#detail .number')
        ?.textContent === `unit ${to}`, unit);
      await detail(page).locator('.exemplars').waitFor();
    }
  }));

  test('follows the system to dark, and the reader to light', () => withPage(async (page) => {
    const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await pictured(page);
    assert.equal(await paper(), 'rgb(18, 19, 21)');
    await keep(page, 'gallery-dark');
    await page.locator('.card').first().click();
    await detail(page).locator('.exemplars').waitFor();
    await keep(page, 'detail-dark');
    await page.keyboard.press('t');
    assert.equal(await paper(), 'rgb(247, 246, 242)');
    await page.reload();
    assert.equal(await paper(), 'rgb(247, 246, 242)', 'the choice is remembered');
  }, {colorScheme: 'dark'}));

  test('fits a telephone', () => withPage(async (page) => {
    await pictured(page);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    await keep(page, 'phone');
    await page.locator('.card-link').nth(1).click();
    await detail(page).locator('.exemplars').waitFor();
    assert.ok(await page.evaluate(
      () => document.querySelector('#detail').scrollWidth <= innerWidth));
    await keep(page, 'phone-detail');
  }, {viewport: {width: 390, height: 844}, isMobile: true, hasTouch: true, deviceScaleFactor: 2}));

  test('says how sure it is, and what is only a guess', () => withPage(async (page) => {
    const all = readUnits(join(reports.folder, 'calibrated'));
    const described = all.filter((unit) => unit.description);
    const guesses = described.filter((unit) => !(unit.confidence >= 0.25));
    assert.ok(guesses.length > 3 && guesses.length < described.length - 3);
    await pictured(page);
    assert.match(await page.locator('#summary').textContent(),
      new RegExp(`: [\\d,]+ described, ${guesses.length} without a reliable description`));
    await keep(page, 'calibrated');
    await page.locator('#order').selectOption('confidence-rising');
    const least = Math.min(...guesses.map((unit) => unit.confidence ?? 1));
    const guess = described.find((unit) => unit.confidence === least);
    assert.equal((await titles(page))[0],
      `No reliable description. Guess: ${guess.description}`);
    assert.equal(await page.locator('.card .confidence').count() > 0, true);
    await page.locator('#kind').selectOption('reliable');
    assert.equal(await count(page), `${described.length - guesses.length} of 60 units`);
    assert.ok(!(await titles(page)).join().includes('No reliable'));
    await page.locator('#kind').selectOption('guessed');
    assert.equal(await count(page), `${guesses.length} of 60 units`);
    // The one of unknown confidence is the last, and in the page once it comes into sight.
    await page.evaluate(() => window.scrollTo(0, document.body.scrollHeight));
    await page.locator('.card .pmi', {hasText: 'few exemplars'}).waitFor();
    await page.evaluate(() => window.scrollTo(0, 0));
    await page.locator('.card-link').first().click();
    await detail(page).locator('.exemplars').waitFor();
    assert.match(await page.locator('#detail-title').textContent(), /^No reliable description/);
    assert.match(await detail(page).locator('.fact-list').textContent(), /confidence(< )?\d+ %/);
    await page.keyboard.press('Escape');
    const figure = page.locator('.reliability');
    await figure.scrollIntoViewIfNeeded();
    assert.equal(await figure.locator('.bin').count(), 10);
    assert.equal(await figure.locator('.bin > span').count(), 9, 'a bin without units has no bar');
    // A bar is as high as the part that was right.
    const heights = await figure.locator('.bin > span').evaluateAll((bars) => bars.map((bar) =>
      bar.getBoundingClientRect().height / bar.parentElement.getBoundingClientRect().height));
    heights.forEach((height, i) => assert.ok(Math.abs(height - (0.02 + i / 10)) < 0.02));
    assert.match(await page.locator('#reliability').textContent(),
      /400 annotated units.*5 % of 200 sets of shuffled exemplars/);
    await keep(page, 'reliability-light');
    await page.keyboard.press('t');
    await keep(page, 'reliability-dark');
  }, {url: pathToFileURL(join(reports.folder, 'calibrated/index.html')).href}));

  test('masks fit cards of few exemplars', () => withPage(async (page) => {
    await pictured(page);
    const {cells, stretch} = await page.locator('.card canvas').first().evaluate((canvas) => {
      const shown = canvas.getBoundingClientRect();
      return {cells: canvas.parentElement.querySelectorAll('.picture').length,
        stretch: (shown.width / canvas.width) / (shown.height / canvas.height)};
    });
    assert.equal(cells, 4);
    assert.ok(Math.abs(stretch - 1) < 0.02, `a mask is ${stretch} times as wide as it should be`);
  }, {url: pathToFileURL(join(reports.folder, 'few/index.html')).href}));

  test('an uncalibrated bundle says that nothing is known', () => withPage(async (page) => {
    await pictured(page);
    assert.match(await page.locator('#reliability').textContent(), /is not known.*milan calibrate/);
    assert.ok(await page.locator('#kind option[value=guessed]').evaluate((option) => option.disabled));
    assert.equal(await page.locator('.card .confidence').count(), 0);
  }));

  test('a run without descriptions is shown by its exemplars', () => withPage(async (page) => {
    await pictured(page);
    assert.match(await page.locator('#summary').textContent(), /3,988 not described/);
    assert.ok(await page.locator('#query').isDisabled());
    assert.equal((await titles(page))[0], 'Not described.');
    await keep(page, 'plain');
  }, {url: pathToFileURL(join(reports.folder, 'plain/index.html')).href}));
});
