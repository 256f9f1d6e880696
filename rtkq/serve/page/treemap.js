// A squarified treemap: rectangles whose areas are the values, as square as they can be.
// After Bruls, Huizing and van Wijk, "Squarified Treemaps" (2000).

/** Return a rectangle {x, y, w, h} for each value, in the order given. */
export function treemap(values, width, height) {
  const order = values.map((value, at) => ({ value: Math.max(value, 1), at }));
  order.sort((a, b) => b.value - a.value);
  const total = order.reduce((sum, one) => sum + one.value, 0);
  const scale = (width * height) / total;
  const found = new Array(values.length);
  let room = { x: 0, y: 0, w: width, h: height };
  for (let next = 0; next < order.length;) {
    const side = Math.min(room.w, room.h);
    let row = [order[next].value * scale];
    while (next + row.length < order.length) {
      const longer = [...row, order[next + row.length].value * scale];
      if (worst(longer, side) > worst(row, side)) break;
      row = longer;
    }
    room = place(order.slice(next, next + row.length), row, room, found);
    next += row.length;
  }
  return found;
}

function worst(areas, side) {
  const sum = areas.reduce((a, b) => a + b, 0);
  const most = Math.max(...areas), least = Math.min(...areas);
  return Math.max((side * side * most) / (sum * sum), (sum * sum) / (side * side * least));
}

function place(row, areas, room, found) {
  const sum = areas.reduce((a, b) => a + b, 0);
  const isWide = room.w >= room.h;
  const depth = sum / (isWide ? room.h : room.w);
  let offset = 0;
  row.forEach((one, at) => {
    const length = areas[at] / depth;
    found[one.at] = isWide
      ? { x: room.x, y: room.y + offset, w: depth, h: length }
      : { x: room.x + offset, y: room.y, w: length, h: depth };
    offset += length;
  });
  return isWide
    ? { x: room.x + depth, y: room.y, w: room.w - depth, h: room.h }
    : { x: room.x, y: room.y + depth, w: room.w, h: room.h - depth };
}
