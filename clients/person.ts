/** The person's side of a sign-in: ada, in a real browser. */
import { chromium, type Page } from 'playwright-core';

/** Opens `address` signed in as ada, and lets `act` go on from there. */
export async function asAda(address: string, act: (page: Page) => Promise<void>): Promise<void> {
  process.env['AWS_EXECUTION_ENV'] ??= 'AWS_Lambda_nodejs22.x';
  const { default: packed } = await import('@sparticuz/chromium');
  const browser = await chromium.launch({ executablePath: await packed.executablePath(), args: packed.args });
  try {
    const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
    await page.goto(address);
    await page.getByLabel('Username or e-mail address').fill('ada');
    await page.getByLabel('Password').fill('a long enough password');
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await act(page);
  } finally {
    await browser.close();
  }
}

/** Enters the code of a device, reads who asks, and says yes. */
export async function enterCode(origin: string, code: string, asker: string, button: string): Promise<void> {
  await asAda(`${origin}/login/device`, async (page) => {
    await page.getByLabel('Code').fill(code);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText(asker).first().waitFor();
    await page.getByRole('button', { name: button }).click();
    await page.getByText('The device is signed in').first().waitFor();
  });
}
