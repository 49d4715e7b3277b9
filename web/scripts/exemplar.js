'use strict';

/**
 * Exemplars: the picture of a photo, cut to what the network sees, and what is drawn over it. The
 * picture file is the whole photo; style sheet rules cut it, so all modes share one file.
 */
milan.exemplar = (() => {
  const {create} = milan.dom;
  const percent = (fraction) => `${100 * fraction}%`;

  let currentMode = 'mask';
  const modes = ['mask', 'outline', 'whole'];

  /** Where the view lies, in fractions of a cell, when the whole photo is fitted into the cell. */
  function frameOf(photo, aspect) {
    const [left, top, right, bottom] = photo.view;
    const photoAspect = photo.size[0] / photo.size[1];
    const width = Math.min(1, photoAspect / aspect);
    const height = Math.min(1, aspect / photoAspect);
    return {
      left: (1 - width) / 2 + left * width,
      top: (1 - height) / 2 + top * height,
      width: (right - left) * width,
      height: (bottom - top) * height,
    };
  }

  function placeImage(image, photo) {
    const [left, top, right, bottom] = photo.view;
    const style = image.style;
    style.setProperty('--left', percent(-left / (right - left)));
    style.setProperty('--top', percent(-top / (bottom - top)));
    style.setProperty('--width', percent(1 / (right - left)));
    style.setProperty('--height', percent(1 / (bottom - top)));
  }

  function showMissing(cell) {
    cell.isMissing = true;
    cell.element.replaceChildren(create('span', {className: 'missing'}, 'photo missing'));
  }

  /** A cell for the exemplar at `rank` of a unit's details: its element, and what `draw` needs. */
  function make(details, rank) {
    const id = details.photos[rank];
    const photo = milan.data.photos.get(id) ?? {name: '', failure: 'not listed'};
    const element = create('div', {
      className: 'picture',
      title: `${photo.name}\nactivation ${milan.dom.activation(details.activations[rank])}`,
    });
    const cell = {element, photo, mask: details.masks[rank], isMissing: false};
    if (photo.failure) {
      element.title += `\n${photo.failure}`;
      showMissing(cell);
      return cell;
    }
    const image = create('img', {
      alt: `Exemplar ${rank + 1}: ${photo.name}`, decoding: 'async', draggable: false,
      src: `photos/${id}.jpg`,
    });
    image.addEventListener('error', () => showMissing(cell));
    placeImage(image, photo);
    element.append(image);
    return cell;
  }

  /** Draws what the mode of the page shows over a cell that lies at `box` {x, y, width, height}. */
  function draw(context, cell, box) {
    if (cell.isMissing) return;
    if (currentMode === 'whole') {
      const frame = frameOf(cell.photo, box.width / box.height);
      milan.mask.drawFrame(context, {
        x: box.x + frame.left * box.width,
        y: box.y + frame.top * box.height,
        width: frame.width * box.width,
        height: frame.height * box.height,
      });
      return;
    }
    const size = milan.data.report.mask_size;
    const cells = milan.mask.decode(cell.mask, size * size);
    if (currentMode === 'mask') milan.mask.drawDimming(context, cells, size, box);
    else milan.mask.drawOutline(context, cells, size, box);
  }

  /** Part of the picture inside the mask, 0 to 1. */
  function coverage(cell) {
    const size = milan.data.report.mask_size;
    return milan.mask.coverage(milan.mask.decode(cell.mask, size * size));
  }

  /** Changes the mode of the page; the caller draws the cells in sight again. */
  function setMode(mode) {
    currentMode = mode;
    document.documentElement.dataset.mode = mode;
  }

  const nextMode = () => modes[(modes.indexOf(currentMode) + 1) % modes.length];

  return {make, draw, coverage, setMode, nextMode, frameOf};
})();

/** Canvases that lie over pictures. */
milan.overlay = (() => {
  /** Sizes a canvas for the screen's pixels, and empties it; returns its context in page pixels. */
  function prepare(canvas, width, height) {
    const density = Math.min(2, window.devicePixelRatio);
    canvas.width = Math.round(width * density);
    canvas.height = Math.round(height * density);
    const context = canvas.getContext('2d');
    context.setTransform(canvas.width / width, 0, 0, canvas.height / height, 0, 0);
    return context;
  }

  return {prepare};
})();
