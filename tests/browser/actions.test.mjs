// The pages of audits, edits and analyses, opened from the disk.
import assert from 'node:assert/strict';
import {existsSync, mkdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {after, before, describe, test} from 'node:test';
import {fileURLToPath, pathToFileURL} from 'node:url';

import {writeActionPages} from './support/actions.mjs';
import {launch, openPage, whyNoBrowser} from './support/chromium.mjs';

const missing = await whyNoBrowser();
const mustRun = process.env.MILAN_REQUIRE_BROWSER === '1';

describe('pages of audit, edit and analysis', {skip: missing !== '' && !mustRun && missing}, () => {
  let made;
  let browser;

  before(async () => {
    assert.equal(missing, '');
    made = writeActionPages();
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    made?.remove();
  });

  async function withPage(name, use, options = {}) {
    const {page, problems, close} = await openPage(browser, pathToFileURL(made.pages[name]).href, options);
    try {
      await use(page);
      const folder = process.env.MILAN_SCREENSHOTS;
      if (folder) {
        mkdirSync(folder, {recursive: true});
        await page.screenshot({path: join(folder, `${name}-${options.colorScheme ?? 'light'}.png`), fullPage: true});
      }
      assert.deepEqual(problems, []);
    } finally {
      await close();
    }
  }

  /** Luminance of WCAG 2 of a computed colour. */
  const contrastOf = (page) => page.evaluate(() => {
    const luminance = (colour) => {
      const [r, g, b] = colour.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255)
        .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const paper = luminance(getComputedStyle(document.body).backgroundColor);
    const contrast = (ink) => (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    const inks = [...document.querySelectorAll('h1, p, td, svg text')].filter((one) => one.textContent.trim())
      .map((one) => luminance(getComputedStyle(one)[one instanceof SVGElement ? 'fill' : 'color']));
    return {paper, least: Math.min(...inks.map(contrast)), inks: inks.length};
  });

  for (const name of ['audit', 'edit', 'analysis']) {
    for (const colorScheme of ['light', 'dark']) {
      test(`${name}: is readable in the ${colorScheme}`, () => withPage(name, async (page) => {
        const {paper, least, inks} = await contrastOf(page);
        assert.ok(colorScheme === 'dark' ? paper < 0.1 : paper > 0.8, `paper of luminance ${paper}`);
        assert.ok(inks > 10);
        assert.ok(least >= 4.5, `contrast ${least}`);
      }, {colorScheme}));
    }

    test(`${name}: links to the cards of units that it names`, () => withPage(name, async (page) => {
      const links = await page.locator('a').evaluateAll((all) => all.map(({href, textContent}) => [href, textContent]));
      const cards = links.filter(([href]) => href.includes('/report/index.html#'));
      assert.ok(cards.length >= 2, links.join('\n'));
      for (const [href] of links.filter(([address]) => address.startsWith('file:'))) {
        assert.ok(existsSync(fileURLToPath(href.split('#')[0])), href);
      }
      const [href, text] = cards[0];
      await page.goto(href);
      await page.locator('#detail[open]').waitFor();
      const [layer, unit] = text.trim().split(' ');
      assert.match(await page.locator('#detail .number').textContent(), new RegExp(`unit ${unit}`));
      assert.match(await page.locator('#detail').textContent(), new RegExp(layer));
    }));

    test(`${name}: fits a telephone`, () => withPage(name, async (page) => {
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
    }, {viewport: {width: 390, height: 844}}));
  }

  test('what was found is shown with its exemplars', () => withPage('audit', async (page) => {
    const sizes = await page.locator('.pictures img').evaluateAll((all) => Promise.all(all.map(async (image) => {
      image.loading = 'eager';
      await image.decode();
      return image.naturalWidth;
    })));
    assert.ok(sizes.length >= 15 && sizes.every((width) => width > 0), sizes.join());
    assert.equal(await page.locator('.card b').count(), 0, 'a description is text');
  }));

  test('judgements stay, and are saved as a table', () => withPage('audit', async (page) => {
    await page.locator('.judge input[value=yes]').first().check();
    await page.locator('.judge input[value=no]').nth(1).check();
    await page.reload();
    assert.ok(await page.locator('.judge input[value=yes]').first().isChecked());
    const [download] = await Promise.all([page.waitForEvent('download'), page.locator('#save').click()]);
    const [header, first, second, ...rest] = readFileSync(await download.path(), 'utf8').trim().split('\n');
    assert.equal(header, 'layer,unit,judgement');
    assert.match(first, /,yes$/);
    assert.match(second, /,no$/);
    assert.ok(rest.every((line) => line.endsWith(',')), 'what was not judged is empty');
  }));

  for (const name of ['edit', 'analysis']) {
    test(`${name}: plots are drawn, and their numbers stand in tables`, () => withPage(name, async (page) => {
      const plots = page.locator('svg.plot');
      assert.ok(await plots.count() > 0);
      for (const box of await plots.evaluateAll((all) => all.map((plot) => plot.getBoundingClientRect().height))) {
        assert.ok(box > 100, `a plot ${box} pixels high`);
      }
      assert.ok(await page.locator('table').count() >= await plots.count());
    }));
  }
});
