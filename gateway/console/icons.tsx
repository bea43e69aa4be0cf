/** Small pictures beside words: they say nothing that the words do not. */

const PATHS = {
  folder:
    "M3 6.500A1.500 1.500 0 0 1 4.500 5h4l2 2.500h9A1.500 1.500 0 0 1 21 9v8.500a1.500 1.500 0 0 1-1.500 1.500h-15A1.500 1.500 0 0 1 3 17.500z",
  file: "M6 3h8l5 5v13H6zm8 0v5h5",
  bucket:
    "M4 6c0-1.700 3.600-3 8-3s8 1.300 8 3-3.600 3-8 3-8-1.300-8-3zm0 0 1.800 12.500C6 20 8.700 21 12 21s6-1 6.200-2.500L20 6",
  upload: "M12 16V4m-5 5 5-5 5 5M4 20h16",
  download: "M12 4v12m-5-5 5 5 5-5M4 20h16",
  pause: "M8 5v14m8-14v14",
  play: "M7 4.500v15l12-7.500z",
  close: "m6 6 12 12M18 6 6 18",
  trash: "M4 7h16M9 7V4h6v3m3 0-1 13H7L6 7",
  search: "M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zm5-1.500L21 21",
  retry: "M20 12a8 8 0 1 1-2.300-5.700L20 8.500M20 3v5.500h-5.500",
  theme: "M12 3a9 9 0 1 0 0 18zm0 0a9 9 0 0 1 0 18",
  server: "M4 4h16v6H4zm0 10h16v6H4zm3-7h.01M7 17h.01",
} as const;

/** One of them. */
export function Icon({ name }: { name: keyof typeof PATHS }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
