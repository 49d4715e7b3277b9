// Starts the system's Chromium, or says why it cannot.
import {existsSync} from 'node:fs';

const candidates = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Why browser tests cannot run here; empty when they can. */
export async function whyNoBrowser() {
  try {
    await import('playwright-core');
  } catch {
    return 'playwright-core is not installed: run npm ci in tests/browser';
  }
  return executable() ? '' : 'no Chromium found: install it, or name it in MILAN_CHROMIUM';
}

const executable = () => process.env.MILAN_CHROMIUM ?? candidates.find(existsSync);

export async function launch() {
  const {chromium} = await import('playwright-core');
  return chromium.launch({
    executablePath: executable(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

/**
 * Opens a page that remembers what must not happen: errors, failed loads, anything loaded from
 * elsewhere than the disk.
 */
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext({viewport: {width: 1400, height: 900}, ...options});
  // Long enough for any busy machine: these are tests of what the page does, not of how fast.
  context.setDefaultTimeout(300_000);
  const page = await context.newPage();
  const problems = [];
  page.on('pageerror', (error) => problems.push(`error: ${error.stack}`));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()}`);
  });
  page.on('requestfailed', (request) => problems.push(`not loaded: ${request.url()}`));
  page.on('request', (request) => {
    if (!/^(file|data):/.test(request.url())) problems.push(`network: ${request.url()}`);
  });
  await page.goto(url);
  return {page, problems, close: () => context.close()};
}
