'use strict';

/** Masks: reading the text of milan/report/mask_text.h and drawing what it says. */
milan.mask = (() => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const digits = new Map([...alphabet].map((character, value) => [character, value]));
  /** Brightness that stays outside the mask, as in MILAN: a quarter. */
  const dimming = 0.75;

  /** Cells of the mask, row by row: 1 inside, 0 outside. */
  function decode(text, cellCount) {
    const cells = new Uint8Array(cellCount);
    let position = 0;
    let value = 0;
    let length = 0;
    let factor = 1;
    for (const character of text) {
      const digit = digits.get(character);
      length += (digit % 32) * factor;
      factor *= 32;
      if (digit >= 32) continue;
      if (value === 1) cells.fill(1, position, position + length);
      position += length;
      value = 1 - value;
      length = 0;
      factor = 1;
    }
    return cells;
  }

  /** Part of the picture inside the mask, 0 to 1. */
  function coverage(cells) {
    let inside = 0;
    for (const cell of cells) inside += cell;
    return inside / cells.length;
  }

  // One small canvas is enough: masks are painted on it one after the other, and stretched.
  let scratch = null;
  function scratchOf(size) {
    if (scratch?.canvas.width === size) return scratch;
    const canvas = document.createElement('canvas');
    canvas.width = size;
    canvas.height = size;
    const context = canvas.getContext('2d', {willReadFrequently: true});
    const image = context.createImageData(size, size);
    scratch = {canvas, context, image, pixels: new Uint32Array(image.data.buffer)};
    return scratch;
  }

  /** Black with nine steps of alpha up to the dimming, in the byte order of this machine. */
  const shades = Uint32Array.from({length: 10}, (_, outside) => new Uint32Array(
    new Uint8Array([0, 0, 0, Math.round((255 * dimming * outside) / 9)]).buffer)[0]);

  /** How many of a cell and its eight neighbours are outside; the picture's edge repeats itself. */
  function outsideAround(cells, size, x, y) {
    const left = Math.max(0, x - 1);
    const right = Math.min(size - 1, x + 1);
    let inside = 0;
    for (let row = y - 1; row <= y + 1; row += 1) {
      const start = Math.min(size - 1, Math.max(0, row)) * size;
      inside += cells[start + left] + cells[start + x] + cells[start + right];
    }
    return 9 - inside;
  }

  /** Darkens what is outside, with an edge that stays soft when the mask is stretched. */
  function drawDimming(context, cells, size, box) {
    const {canvas, context: small, image, pixels} = scratchOf(size);
    for (let y = 0; y < size; y += 1) {
      for (let x = 0; x < size; x += 1) {
        pixels[y * size + x] = shades[outsideAround(cells, size, x, y)];
      }
    }
    small.putImageData(image, 0, 0);
    context.drawImage(canvas, box.x, box.y, box.width, box.height);
  }

  /**
   * The line between inside and outside, as segments [x1, y1, x2, y2] in cells: marching squares
   * over the centres of cells, with everything beyond the picture outside.
   */
  function contour(cells, size) {
    const at = (x, y) => (x < 0 || y < 0 || x >= size || y >= size ? 0 : cells[y * size + x]);
    const segments = [];
    for (let y = -1; y < size; y += 1) {
      for (let x = -1; x < size; x += 1) {
        const corners = at(x, y) + 2 * at(x + 1, y) + 4 * at(x + 1, y + 1) + 8 * at(x, y + 1);
        if (corners !== 0 && corners !== 15) addSegments(segments, corners, x + 0.5, y + 0.5);
      }
    }
    return segments;
  }

  /** Edges (0 top, 1 right, 2 bottom, 3 left) that the line joins, for each pattern of corners. */
  const joinedEdges = [
    [], [[3, 0]], [[0, 1]], [[3, 1]], [[1, 2]], [[3, 0], [1, 2]], [[0, 2]], [[3, 2]],
    [[2, 3]], [[0, 2]], [[0, 1], [2, 3]], [[1, 2]], [[1, 3]], [[0, 1]], [[3, 0]], [],
  ];
  const edgeMiddles = [[0.5, 0], [1, 0.5], [0.5, 1], [0, 0.5]];

  function addSegments(segments, corners, left, top) {
    for (const [from, to] of joinedEdges[corners]) {
      segments.push([
        left + edgeMiddles[from][0], top + edgeMiddles[from][1],
        left + edgeMiddles[to][0], top + edgeMiddles[to][1],
      ]);
    }
  }

  /** A bright line on a wider dark one: seen on any photo. */
  function strokeTwice(context, bright, width) {
    context.lineCap = 'round';
    context.strokeStyle = 'rgba(0, 0, 0, 0.6)';
    context.lineWidth = 2 * width;
    context.stroke();
    context.strokeStyle = bright;
    context.lineWidth = width;
    context.stroke();
  }

  function drawOutline(context, cells, size, box) {
    const toX = (x) => box.x + (x * box.width) / size;
    const toY = (y) => box.y + (y * box.height) / size;
    context.save();
    context.beginPath();
    context.rect(box.x, box.y, box.width, box.height);
    context.clip();
    context.beginPath();
    for (const [x1, y1, x2, y2] of contour(cells, size)) {
      context.moveTo(toX(x1), toY(y1));
      context.lineTo(toX(x2), toY(y2));
    }
    strokeTwice(context, '#ffe14d', 1.5);
    context.restore();
  }

  function drawFrame(context, box) {
    context.beginPath();
    context.rect(Math.round(box.x) + 0.5, Math.round(box.y) + 0.5, Math.round(box.width) - 1,
      Math.round(box.height) - 1);
    strokeTwice(context, '#ffffff', 1);
  }

  return {decode, coverage, contour, drawDimming, drawOutline, drawFrame};
})();
