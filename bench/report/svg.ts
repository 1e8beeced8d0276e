/**
 * A plot as inline SVG: lines with a point for every value, which tells it when pointed at. Colours come from the page's style, by
 * class, so that one system has the same in every plot.
 */
import type { Plot } from '../suite.js'
import { scaleOf, type Scale } from './axis.js'
import { figure } from './table.js'

const [WIDTH, HEIGHT] = [620, 340]
const [LEFT, RIGHT, TOP, BOTTOM] = [64, 30, 12, 46]
const POINTS_SHOWN = 40

type Line = Plot['lines'][number]

/** `colourOf` gives the class of a line by its name. */
export function plotSvg(plot: Plot, colourOf: (name: string) => string): string {
  const lines = plot.lines.map((line) => ({ ...line, points: line.points.filter((point) => isOnPaper(plot, point)) }))
  const points = lines.flatMap((line) => line.points)
  if (points.length === 0) return ''
  const xs = scaleOf(
    plot.x,
    points.map(([x]) => x),
  )
  const ys = scaleOf(
    plot.y,
    points.map(([, y]) => y),
  )
  return [
    `<figure><figcaption>${escapeHtml(plot.title)}</figcaption>`,
    `<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(plot.title)}">`,
    ...xs.ticks.map((tick) => xTick(xs, tick)),
    ...ys.ticks.map((tick) => yTick(ys, tick)),
    `<text class="axis" x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${escapeHtml(plot.x.title)}</text>`,
    `<text class="axis" x="14" y="${(TOP + HEIGHT - BOTTOM) / 2}" text-anchor="middle" transform="rotate(-90 14 ${(TOP + HEIGHT - BOTTOM) / 2})">${escapeHtml(plot.y.title)}</text>`,
    ...lines.map((line) => lineSvg(line, xs, ys, colourOf(line.name))),
    '</svg>',
    `<p class="legend">${plot.lines.map(({ name }) => `<span class="${colourOf(name)}">${escapeHtml(name)}</span>`).join(' ')}</p>`,
    '</figure>',
  ].join('\n')
}

/** A logarithm has no place for nothing. */
const isOnPaper = ({ x, y }: Plot, [valueX, valueY]: readonly [number, number]): boolean =>
  (x.scale === 'linear' || valueX > 0) && (y.scale === 'linear' || valueY > 0)

const across = (share: number): string => (LEFT + share * (WIDTH - LEFT - RIGHT)).toFixed(1)
const down = (share: number): string => (HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)).toFixed(1)

function xTick(scale: Scale, tick: number): string {
  const x = across(scale.place(tick))
  return `<line class="grid" x1="${x}" x2="${x}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/><text x="${x}" y="${HEIGHT - BOTTOM + 16}" text-anchor="middle">${figure(tick)}</text>`
}

function yTick(scale: Scale, tick: number): string {
  const y = down(scale.place(tick))
  return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/><text x="${LEFT - 6}" y="${y}" dy="4" text-anchor="end">${figure(tick)}</text>`
}

function lineSvg({ name, points }: Line, xs: Scale, ys: Scale, colour: string): string {
  const placed = points.map(([x, y]) => ({ x, y, cx: across(xs.place(x)), cy: down(ys.place(y)) }))
  const path = placed.map(({ cx, cy }) => `${cx},${cy}`).join(' ')
  const dots =
    placed.length > POINTS_SHOWN
      ? []
      : placed.map(
          ({ x, y, cx, cy }) =>
            `<circle cx="${cx}" cy="${cy}" r="3.5"><title>${escapeHtml(name)}: ${figure(y)} at ${figure(x)}</title></circle>`,
        )
  return `<g class="${colour}"><polyline points="${path}"/>${dots.join('')}</g>`
}

export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
