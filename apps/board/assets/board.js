/**
 * Keeps an open page true: when the board says that something has changed, the page asks for itself
 * again and puts the new content in place. Without this script a page loads itself anew each minute.
 */
const events = document.currentScript.dataset.events
const live = document.getElementById('live')
/** Long enough to read in peace what was just done. */
const noticeMs = 20_000
let isLoading = false
let isDue = false

const source = new EventSource(events)
source.addEventListener('open', () => say('Live.'))
source.addEventListener('error', () => say('The board does not answer: what is shown may be old.'))
source.addEventListener('changed', () => void refresh())
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && isDue) void refresh()
})

async function refresh() {
  // A page that nobody sees is drawn when somebody does.
  isDue = document.hidden || isLoading || isBusy()
  if (isDue) return
  isLoading = true
  try {
    const response = await fetch(addressOfPage(), { headers: { accept: 'text/html' } })
    if (response.redirected) location.reload()
    else if (response.ok) show(await response.text())
  } catch {
    say('The board does not answer: what is shown may be old.')
  } finally {
    isLoading = false
  }
}

/** Without what was just done, once that has been there for a while. */
function addressOfPage() {
  const address = new URL(location.href)
  if (performance.now() > noticeMs) address.searchParams.delete('done')
  return address
}

/** Somebody is choosing something: what is under the hand must not move. */
function isBusy() {
  return (
    document.querySelector('details[open], dialog[open]') !== null || !getSelection().isCollapsed
  )
}

function show(text) {
  const page = new DOMParser().parseFromString(text, 'text/html')
  const main = document.getElementById('main')
  const focused = addressOf(document.activeElement)
  main.replaceChildren(...page.getElementById('main').childNodes)
  document.title = page.title
  document.querySelector('link[rel=icon]').href = page
    .querySelector('link[rel=icon]')
    .getAttribute('href')
  if (focused !== null) {
    const links = [...main.querySelectorAll('a, button')]
    links.find((link) => addressOf(link) === focused)?.focus({ preventScroll: true })
  }
}

function addressOf(element) {
  return element?.closest('main') ? (element.getAttribute('href') ?? null) : null
}

function say(words) {
  if (live.textContent !== words) live.textContent = words
}
