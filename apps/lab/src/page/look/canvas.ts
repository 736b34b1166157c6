/** A canvas that is as large as its place, in the pixels of the screen. */
import type { RefObject } from 'preact';
import { useEffect } from 'preact/hooks';

export interface Surface {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
}

/** Undefined while the canvas has no size. Leaves the canvas cleared, and measured in CSS pixels. */
export function clear(canvas: HTMLCanvasElement | null): Surface | undefined {
  const context = canvas?.getContext('2d');
  if (!canvas || !context || canvas.width === 0) return undefined;
  const ratio = canvas.width / canvas.clientWidth;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, canvas.clientWidth, canvas.clientHeight);
  return { context, width: canvas.clientWidth, height: canvas.clientHeight };
}

/** Keeps the canvas as large as its place, and calls `resized` when that changed. */
export function useCanvasSize(ref: RefObject<HTMLCanvasElement | null>, resized?: () => void): void {
  useEffect(() => {
    const canvas = ref.current;
    if (canvas === null) return;
    const observer = new ResizeObserver(() => {
      const ratio = Math.min(2, devicePixelRatio);
      canvas.width = Math.round(canvas.clientWidth * ratio);
      canvas.height = Math.round(canvas.clientHeight * ratio);
      resized?.();
    });
    observer.observe(canvas);
    return () => observer.disconnect();
  }, [ref, resized]);
}
