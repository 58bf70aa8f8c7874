// Make the pages live: everything works without this, only less at once.

const root = document.documentElement
const body = document.body
const $ = (selector, within = document) => within.querySelector(selector)
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)]

// Times

const UNITS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]]
const inBrowserZone = root.dataset.zone === "browser"

function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds))
  const [size, unit] = UNITS.find(([size]) => whole >= size) ?? [1, "s"]
  return `${Math.floor(whole / size)} ${unit}`
}

function local(time, kind) {
  const pad = number => String(number).padStart(2, "0")
  const clock = `${pad(time.getHours())}:${pad(time.getMinutes())}`
  if (kind === "clock") {
    if (time.toDateString() === new Date().toDateString()) return clock
    return `${time.getDate()} ${time.toLocaleString("en", { month: "short" })} ${clock}`
  }
  const zone = Intl.DateTimeFormat(undefined, { timeZoneName: "short" })
    .formatToParts(time).find(part => part.type === "timeZoneName")?.value ?? ""
  const day = `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`
  return `${day} ${clock}:${pad(time.getSeconds())} ${zone}`
}

function showTimes() {
  for (const element of $$("time[data-t]")) {
    const time = new Date(element.dateTime)
    const kind = element.dataset.t
    let words = null
    if (kind === "ago" || kind === "age") {
      words = span((Date.now() - time) / 1000) + (kind === "ago" ? " ago" : "")
      if (inBrowserZone) element.title = local(time, "exact")
    } else if (inBrowserZone) {
      words = local(time, kind)
    }
    if (words !== null && element.textContent !== words) element.textContent = words
  }
}

// What a screen reader is told, at most every 15 seconds

let saidAt = -Infinity
let toSay = null

function say(words) {
  const wait = saidAt + 15000 - performance.now()
  if (wait > 0) {
    toSay ?? setTimeout(() => { say(toSay); toSay = null }, wait)
    toSay = words
    return
  }
  saidAt = performance.now()
  $("#live").textContent = words
}

const plural = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`

// Look again: sooner while something happens, later while nothing does, seldom in the background

const FASTEST = 4000
const SLOWEST = 30000
const HIDDEN = 60000
let pause = FASTEST
let etag = null
let timer = null
let shown = body.dataset.rows.split(" ").filter(Boolean)
let openCount = null
let isOver = false

// The header tells guards that nobody has pressed anything: they refuse, and send nobody to a login.
const ask = (address, tag) =>
  fetch(address, { headers: { "X-Fragment": "1", ...(tag && { "If-None-Match": tag }) }, redirect: "manual" })

const isOut = response => response.type === "opaqueredirect" || response.status === 401 || response.status === 403

async function look() {
  timer = null
  if (isOver) return
  try {
    const response = await ask(body.dataset.poll, etag)
    if (isOut(response)) return end()
    if (response.status === 304) {
      pause = Math.min(pause * 1.25, SLOWEST)
    } else if (response.ok) {
      if (etag) pause = FASTEST
      etag = response.headers.get("ETag")
      showNews(await response.json())
    } else {
      pause = SLOWEST
      beat(`No answer (${response.status})`, false)
      return plan()
    }
    beat("Live", true)
  } catch {
    pause = SLOWEST
    beat("No connection", false)
  }
  plan()
}

// Whoever is signed out is asked no more, and is told so over the page, where it moves nothing.
function end() {
  if (isOver) return
  beat("Signed out", false)
  isOver = true // and an answer that is still under way says nothing any more
  clearTimeout(timer)
  const words = "Signed out: this page no longer follows. Reload it to go on."
  $("#main").append(Object.assign(document.createElement("p"), { id: "over", textContent: words }))
  say(words)
}

function plan() {
  if (isOver) return
  clearTimeout(timer)
  timer = setTimeout(look, document.hidden ? HIDDEN : pause)
}

function beat(words, isWell) {
  const label = $("[data-beat]")
  if (!label || isOver) return
  if (label.textContent !== words) label.textContent = words
  $(".beat").classList.toggle("off", !isWell)
}

function showNews(news) {
  if (isOver) return
  for (const [status, count] of Object.entries(news.counts)) {
    for (const element of $$(`[data-count="${status}"]`)) {
      element.firstChild.data = count
      if (element.matches(".count")) element.hidden = news.open === 0
    }
  }
  const title = document.title.replace(/^\([\d,+]+\) /, "")
  document.title = news.open ? `(${news.counts.open}) ${title}` : title
  const icon = $("link[rel=icon]")
  icon.href = news.open ? icon.dataset.lit : icon.dataset.quiet
  if (openCount !== null && news.open > openCount) say(plural(news.open - openCount, "new open alert"))
  openCount = news.open
  if (body.dataset.rows.trim() || $("#list")) offer(news)
}

function offer({ rows, is_all: isAll }) {
  const bar = $("#fresh")
  if (!bar) return
  const before = new Map(shown.map(split))
  const isList = $("#list") !== null
  const newest = Math.max(0, ...[...before.keys()].map(Number))
  const fresh = rows.filter(row => Number(split(row)[0]) > newest && !before.has(split(row)[0]))
  const changed = rows.filter(row => before.has(split(row)[0]) && before.get(split(row)[0]) !== split(row)[1])
  const now = new Set(rows.map(row => split(row)[0]))
  const gone = isAll ? [...before.keys()].filter(id => !now.has(id) && !acted.has(id)) : []
  const changes = changed.filter(row => !acted.has(split(row)[0])).length + gone.length
  const parts = []
  if (isList && fresh.length) parts.push(plural(fresh.length, "new alert"))
  if (changes) parts.push(isList ? `${changes} changed` : "This alert has changed")
  bar.hidden = parts.length === 0
  $("a", bar).textContent = `${parts.join(", ")}: show`
}

const split = row => [row.slice(0, row.indexOf(":")), row.slice(row.indexOf(":") + 1)]
const acted = new Set()

async function refresh(address) {
  const list = $("#list")
  if (!list) return location.assign(address)
  const chosen = new Set($$("input[name=ids]:checked").map(box => box.value))
  const focused = document.activeElement?.closest?.("tr")?.id
  const response = await ask(address).catch(() => null)
  if (!response) return tell("No connection: nothing was loaded. Try again.")
  const page = new DOMParser().parseFromString(await response.text(), "text/html")
  const fresh = $("#list", page)
  if (!response.ok || !fresh) return location.assign(address)
  list.replaceWith(fresh)
  body.dataset.rows = page.body.dataset.rows
  shown = body.dataset.rows.split(" ").filter(Boolean)
  acted.clear()
  for (const box of $$("input[name=ids]")) box.checked = chosen.has(box.value)
  $("#fresh").hidden = true
  const row = focused && document.getElementById(focused)
  ;(row ? $("th a", row) : $("#list th a") ?? $("#main")).focus({ preventScroll: Boolean(row) })
  wake()
}

// Buttons: the row changes when the server has said so, and stays where it is

async function act(form, submitter) {
  const data = new FormData(form, submitter)
  const buttons = $$("button", form).filter(button => !button.disabled)
  for (const button of buttons) button.disabled = true
  let response
  try {
    response = await fetch(form.action, { method: "POST", body: data, headers: { "X-Fragment": "1" }, redirect: "manual" })
  } catch {
    for (const button of buttons) button.disabled = false
    return tell("No connection: nothing was sent. Try again.")
  }
  for (const button of buttons) button.disabled = false
  if (isOut(response)) return tell("Not done: you are signed out, or this page is too old. Reload it.")
  if (!response.ok) return tell(`Not done: the app answered ${response.status}. Load the page again.`)
  const part = new DOMParser().parseFromString(await response.text(), "text/html")
  const hadFocus = document.activeElement?.closest?.("tr")?.id
  for (const row of $$("tbody tr", part)) {
    const old = document.getElementById(row.id)
    row.classList.add("changed")
    old?.replaceWith(row)
    acted.add(row.id.slice(1))
  }
  if (hadFocus) $("th a", document.getElementById(hadFocus))?.focus({ preventScroll: true })
  $("#said").replaceChildren(...$("[data-said]", part).children)
  fade()
  choose()
  showTimes()
  pause = FASTEST
  look()
}

function tell(words) {
  const box = document.createElement("div")
  box.className = "notice warning"
  box.append(Object.assign(document.createElement("p"), { textContent: words }))
  $("#said").replaceChildren(box)
}

function fade() {
  const box = $("[data-fades]")
  if (!box) return
  let left = 10
  const count = setInterval(() => {
    if (!box.isConnected) return clearInterval(count)
    if (box.matches(":hover, :focus-within")) return
    if (--left <= 0) { clearInterval(count); box.remove() }
  }, 1000)
}

document.addEventListener("submit", event => {
  if (!event.target.matches("[data-act]") || !$("#list")) return
  event.preventDefault()
  act(event.target, event.submitter)
})

// Ticking

function choose() {
  const boxes = $$("input[name=ids]")
  const chosen = boxes.filter(box => box.checked).length
  const bulk = $(".bulk")
  if (!bulk) return
  bulk.classList.toggle("has", chosen > 0)
  $("[data-chosen]", bulk).textContent = chosen ? `${chosen} selected:` : "Tick alerts to handle several at once"
  for (const button of $$("button", bulk)) button.hidden = chosen === 0
  const all = $("[data-all]", bulk)
  all.checked = chosen > 0 && chosen === boxes.length
  all.indeterminate = chosen > 0 && chosen < boxes.length
}

document.addEventListener("change", event => {
  if (event.target.matches("[data-all]")) {
    for (const box of $$("input[name=ids]")) box.checked = event.target.checked
  }
  if (event.target.matches("[data-all], input[name=ids]")) choose()
})

// Copying

document.addEventListener("click", async event => {
  const button = event.target.closest("[data-copy]")
  if (button) {
    const source = document.getElementById(button.dataset.copy)
    const text = source.value ?? source.textContent
    try {
      await navigator.clipboard.writeText(text)
    } catch {
      if (!copyOld(source, text)) return
    }
    const label = $("span", button)
    label.textContent = "Copied"
    $("#live").textContent = "Copied"
    setTimeout(() => { label.textContent = "Copy" }, 2000)
  }
  const show = event.target.closest("#fresh a")
  if (show && $("#list")) {
    event.preventDefault()
    refresh(show.href)
  }
})

// Pages that are not served over HTTPS have no clipboard but this one.
function copyOld(source, text) {
  const area = Object.assign(document.createElement("textarea"), { value: text })
  source.after(area)
  area.select()
  const isDone = document.execCommand("copy")
  area.remove()
  return isDone
}

// Waiting for the first event: every 2 seconds for ten minutes

function watch() {
  const box = $("[data-watch]")
  if (!box || root.dataset.live === "off") return
  let tag = null
  const until = Date.now() + 600000
  const again = setInterval(async () => {
    if (isOver || Date.now() > until) return clearInterval(again)
    if (document.hidden) return
    try {
      const response = await ask(box.dataset.watch, tag)
      if (isOut(response)) return end()
      if (!response.ok) return
      const isFirst = tag === null
      tag = response.headers.get("ETag")
      const text = await response.text()
      if (!isFirst || text.trim() !== box.innerHTML.trim()) {
        const isOpen = $("details", box)?.open
        const wasWaiting = $(".waits", box)
        box.innerHTML = text
        if (isOpen && $("details", box)) $("details", box).open = true
        if (wasWaiting && $(".waits", box)) box.firstElementChild.replaceWith(wasWaiting) // keep its beat
      }
    } catch { /* the next one may come through */ }
  }, 2000)
}

// Keys

let prefix = false

const rows = () => $$("#list tbody tr")
const current = () => document.activeElement?.closest?.("#list tbody tr")

function move(step) {
  const all = rows()
  const index = all.indexOf(current())
  const next = all[index < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, index + step))]
  if (!next) return
  $("th a", next).focus()
  next.scrollIntoView({ block: "nearest" })
}

function press(action) {
  const big = $(".big")
  if (big) return $(`button[name=${action}]`, big)?.click()
  if ($$("input[name=ids]:checked").length) return $(`.bulk button[value=${action}]`)?.click()
  const row = current()
  if (row) $(`button[name=${action}]`, row)?.click()
}

const KEYS = {
  j: () => move(1),
  k: () => move(-1),
  x: () => $("input[name=ids]", current() ?? document.createElement("p"))?.click(),
  a: () => press("acknowledge"),
  r: () => press("resolve"),
  u: () => $("[data-back]")?.click(),
  "/": () => $("#q")?.focus(),
  ".": () => $("#fresh:not([hidden]) a")?.click(),
  "?": () => $("#keys").showModal(),
}
const TABS = { o: "open", a: "acknowledged", r: "resolved" }

document.addEventListener("keydown", event => {
  if (root.dataset.keys === "off" || event.ctrlKey || event.metaKey || event.altKey) return
  if (event.target.matches("input:not([type=checkbox], [type=radio]), textarea, select") || $("dialog[open]")) return
  if (prefix) {
    prefix = false
    const place = TABS[event.key] && ($(`[data-tab=${TABS[event.key]}]`)?.href ?? `${$(".site a").href}?status=${TABS[event.key]}`)
    if (place) location.assign(place)
    return
  }
  if (event.key === "g") {
    prefix = true
    setTimeout(() => { prefix = false }, 1200)
  } else if (Object.hasOwn(KEYS, event.key)) {
    event.preventDefault()
    KEYS[event.key]()
  }
})

// Begin

function wake() {
  for (const button of $$("[data-copy], .all")) button.hidden = false
  choose()
  showTimes()
}

wake()
fade()
watch()
setInterval(showTimes, 10000)
if (root.dataset.live === "on" && body.dataset.poll) {
  plan()
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { pause = FASTEST; look() } })
}
