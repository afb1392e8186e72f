// Cases on the map of the province: gathered into cells from afar, one by one from near. State is shape and colour.
import { Popup } from "maplibre-gl";
import { provinceMap } from "./_map.js";

const SIZE = 44; // pixels of a single case's picture, for screens of double density
const RING = 88; // pixels of the picture of several
const PARTS = 12; // a ring's sectors are whole twelfths
const NEAREST = 14; // zoom from which cases stand by themselves
const COLOURS = { overdue: "#b0231c", open: "#14508c", closed: "#5b6a82" };

/** A marker as a picture: a diamond, a disc or a square, with a white rim. */
function picture(state) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const pen = canvas.getContext("2d");
  const middle = SIZE / 2;
  pen.beginPath();
  if (state === "overdue") {
    pen.moveTo(middle, 2);
    pen.lineTo(SIZE - 2, middle);
    pen.lineTo(middle, SIZE - 2);
    pen.lineTo(2, middle);
    pen.closePath();
  } else if (state === "open") pen.arc(middle, middle, middle - 4, 0, 2 * Math.PI);
  else pen.rect(6, 6, SIZE - 12, SIZE - 12);
  pen.fillStyle = COLOURS[state];
  pen.fill();
  pen.lineWidth = 3;
  pen.strokeStyle = "#ffffff";
  pen.stroke();
  return pen.getImageData(0, 0, SIZE, SIZE);
}

/**
 * Several cases as a ring: *overdue* and *open* of its twelfths are so, the others closed. The worse, the thicker, so
 * that colour does not say it alone.
 */
function ring(overdue, open) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = RING;
  const pen = canvas.getContext("2d");
  const middle = RING / 2;
  const slice = (outer, from, to, colour) => {
    if (from === to) return;
    pen.beginPath();
    pen.moveTo(middle, middle);
    pen.arc(middle, middle, outer, (from / PARTS) * 2 * Math.PI - Math.PI / 2, (to / PARTS) * 2 * Math.PI - Math.PI / 2);
    pen.fillStyle = colour;
    pen.fill();
  };
  slice(middle - 9, 0, PARTS, "#ffffff");
  slice(middle - 1, 0, overdue, COLOURS.overdue);
  slice(middle - 6, overdue, overdue + open, COLOURS.open);
  slice(middle - 11, overdue + open, PARTS, COLOURS.closed);
  slice(middle - 18, 0, PARTS, "#ffffff");
  return pen.getImageData(0, 0, RING, RING);
}

/** The name of the picture of a marker, drawn if need be; a state that is there at all gets a twelfth at the least. */
function look(map, { cases, open, overdue, state }) {
  if (!(cases > 1)) return state;
  const twelfths = (count) => (count ? Math.max(1, Math.round((PARTS * count) / cases)) : 0);
  const late = Math.min(twelfths(overdue), cases > open ? PARTS - 1 : PARTS);
  const going = Math.min(twelfths(open - overdue), PARTS - late - (cases > open ? 1 : 0));
  const name = `ring-${late}-${going}`;
  if (!map.hasImage(name)) map.addImage(name, ring(late, going), { pixelRatio: 2 });
  return name;
}

/** Names of communes under the markers, where neither a marker nor another name takes their room. */
function addNames(map, places) {
  const points = places.features.map(({ properties }) => ({
    type: "Feature",
    geometry: { type: "Point", coordinates: properties.at },
    properties: { name: properties.name.replace(/^(Phường|Xã|Thị trấn|Đặc khu) /, "") },
  }));
  map.addSource("names", { type: "geojson", data: { type: "FeatureCollection", features: points } });
  map.addLayer({
    id: "names",
    type: "symbol",
    source: "names",
    layout: { "text-field": ["get", "name"], "text-font": ["Be Vietnam Pro"], "text-size": 11, "text-padding": 4 },
    paint: { "text-color": "#47566e", "text-halo-color": "#ffffff", "text-halo-width": 1.25 },
  });
}

function addMarkers(map) {
  for (const state of Object.keys(COLOURS)) map.addImage(state, picture(state), { pixelRatio: 2 });
  map.addSource("cases", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
  map.addLayer({
    id: "cases",
    type: "symbol",
    source: "cases",
    layout: {
      "icon-image": ["get", "look"],
      "icon-allow-overlap": true,
      "icon-size": ["interpolate", ["linear"], ["coalesce", ["get", "cases"], 1], 1, 0.85, 2, 0.75, 20, 0.9, 200, 1.25],
      "symbol-sort-key": ["coalesce", ["get", "overdue"], 0],
      "text-field": ["case", [">", ["coalesce", ["get", "cases"], 0], 1], ["to-string", ["get", "cases"]], ""],
      "text-font": ["Be Vietnam Pro"],
      "text-size": ["interpolate", ["linear"], ["coalesce", ["get", "cases"], 0], 1, 11, 200, 14],
      "text-allow-overlap": true,
    },
    paint: { "text-color": "#14233a" },
  });
}

/** *words* with the numbers of *found* put in, as one paragraph. */
function paragraph(words, found = {}) {
  const element = document.createElement("p");
  element.textContent = words.replace(/\{(\w+)\}/g, (_, name) => found[name]);
  return element;
}

function link(words, address) {
  const element = document.createElement("a");
  element.href = address;
  element.textContent = words;
  return element;
}

/** What is said of the marker that was chosen. */
function balloon(map, popup, { properties: it, geometry }, said) {
  const box = document.createElement("div");
  if (it.number) {
    const title = document.createElement("strong");
    title.textContent = it.title;
    box.append(title, paragraph(`${it.number} · ${it.stage}`), paragraph(it.due), link(said.openCase, it.url));
  } else {
    box.append(paragraph(said.ofCases, { n: it.cases, overdue: it.overdue, open: it.open - it.overdue, closed: it.cases - it.open }));
    const nearer = document.createElement("button");
    nearer.type = "button";
    nearer.className = "btn btn-sm";
    nearer.textContent = said.nearer;
    nearer.addEventListener("click", () => {
      popup.remove();
      map.easeTo({ center: geometry.coordinates, zoom: Math.min(NEAREST + 0.5, map.getZoom() + 2) });
    });
    box.append(link(said.list, it.url), nearer);
  }
  return box;
}

/** Cases on the map in *element*; returns what loads them anew. */
export async function caseMap(element) {
  const { cells, ofCases, list, nearer, openCase, nothing } = element.dataset;
  const said = { ofCases, list, nearer, openCase };
  const note = element.parentElement.querySelector("[data-map-said]");
  const { map, places } = await provinceMap(element, { cooperativeGestures: !element.closest(".ioc-map-large") });
  await map.once("load");
  if (!element.dataset.tiles) {
    map.setPaintProperty("area", "fill-color", "#e7edf4"); // the colours are for the cases
    addNames(map, places);
  }
  addMarkers(map);
  const source = map.getSource("cases");

  let running;
  const load = async () => {
    running?.abort();
    running = new AbortController();
    const box = map.getBounds().toArray().flat().map((it) => it.toFixed(4)).join(",");
    try {
      const answer = await fetch(`${cells}&bbox=${box}&zoom=${map.getZoom().toFixed(2)}`, { signal: running.signal });
      if (!answer.ok) return;
      const found = await answer.json();
      for (const { properties } of found.features) properties.look = look(map, properties);
      source.setData(found);
      note.textContent = found.features.length ? "" : nothing;
      element.dataset.shown = found.features.length;
    } catch (error) {
      if (error.name !== "AbortError" && !(error instanceof TypeError)) throw error; // without a connection the old ones stay
    }
  };
  map.on("moveend", load);

  const popup = new Popup({ maxWidth: "18rem", className: "ioc-balloon" });
  map.on("click", "cases", ({ features: [found] }) => {
    popup.setLngLat(found.geometry.coordinates).setDOMContent(balloon(map, popup, found, said)).addTo(map);
  });
  map.on("mouseenter", "cases", () => (map.getCanvas().style.cursor = "pointer"));
  map.on("mouseleave", "cases", () => (map.getCanvas().style.cursor = ""));
  await load();
  return load;
}
