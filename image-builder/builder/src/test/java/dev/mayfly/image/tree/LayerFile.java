package dev.mayfly.image.tree;

import dev.mayfly.image.bundle.Sha256;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * A layer made entry by entry, also such as no honest program writes. Names are ISO 8859-1, so that
 * a char is a byte.
 */
public final class LayerFile {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final Map<String, byte[]> records = new LinkedHashMap<>();
  private int mode = 0644;
  private int uid;
  private int gid;
  private long seconds = 1_700_000_000;
  private long major;
  private long minor;

  /** For the next entry only. */
  public LayerFile mode(int next) {
    mode = next;
    return this;
  }

  /** For the next entry only. */
  public LayerFile owner(int nextUid, int nextGid) {
    uid = nextUid;
    gid = nextGid;
    return this;
  }

  /** For the next entry only. */
  public LayerFile time(long nextSeconds) {
    seconds = nextSeconds;
    return this;
  }

  /** For the next entry only: one line of its extended header. */
  public LayerFile pax(String key, String value) {
    return pax(key, bytes(value));
  }

  /** For the next entry only: one line of its extended header. */
  public LayerFile pax(String key, byte[] value) {
    records.put(key, value);
    return this;
  }

  public LayerFile directory(String name) {
    mode = mode == 0644 ? 0755 : mode;
    return entry(name + "/", '5', "", new byte[0]);
  }

  public LayerFile file(String name, String content) {
    return file(name, bytes(content));
  }

  public LayerFile file(String name, byte[] content) {
    return entry(name, '0', "", content);
  }

  public LayerFile symbolicLink(String name, String target) {
    mode = 0777;
    return entry(name, '2', target, new byte[0]);
  }

  public LayerFile hardLink(String name, String target) {
    return entry(name, '1', target, new byte[0]);
  }

  public LayerFile pipe(String name) {
    return entry(name, '6', "", new byte[0]);
  }

  public LayerFile characterDevice(String name, long deviceMajor, long deviceMinor) {
    return device(name, '3', deviceMajor, deviceMinor);
  }

  public LayerFile device(String name, char flag, long deviceMajor, long deviceMinor) {
    major = deviceMajor;
    minor = deviceMinor;
    return entry(name, flag, "", new byte[0]);
  }

  /** Any entry; what is set for the next one is used up. */
  public LayerFile entry(String name, char flag, String link, byte[] content) {
    if (name.length() > 100) {
      header("././@LongLink", 'L', "", name.length() + 1L);
      padded(bytes(name + "\0"));
    }
    if (link.length() > 100) {
      header("././@LongLink", 'K', "", link.length() + 1L);
      padded(bytes(link + "\0"));
    }
    if (!records.isEmpty()) {
      ByteArrayOutputStream pax = new ByteArrayOutputStream();
      records.forEach((key, value) -> record(pax, key, value));
      header("PaxHeader", 'x', "", pax.size());
      padded(pax.toByteArray());
    }
    header(name, flag, link, content.length);
    padded(content);
    records.clear();
    mode = 0644;
    uid = 0;
    gid = 0;
    major = 0;
    minor = 0;
    seconds = 1_700_000_000;
    return this;
  }

  /** A header that may say anything of what follows it. */
  public LayerFile header(String name, char flag, String link, long size) {
    byte[] block = new byte[512];
    put(block, 0, 100, name);
    put(block, 100, 8, String.format(Locale.ROOT, "%07o", mode));
    put(block, 108, 8, String.format(Locale.ROOT, "%07o", uid));
    put(block, 116, 8, String.format(Locale.ROOT, "%07o", gid));
    if (size >= 0 && size <= 077777777777L) {
      put(block, 124, 12, String.format(Locale.ROOT, "%011o", size));
    } else {
      block[124] = (byte) 0x80;
      for (int i = 0; i < 8; i++) {
        block[135 - i] = (byte) (size >>> (8 * i));
      }
    }
    put(block, 136, 12, String.format(Locale.ROOT, "%011o", seconds));
    block[156] = (byte) flag;
    put(block, 157, 100, link);
    put(block, 257, 8, "ustar\0" + "00");
    put(block, 329, 8, String.format(Locale.ROOT, "%07o", major));
    put(block, 337, 8, String.format(Locale.ROOT, "%07o", minor));
    return block(block);
  }

  /** A header block; its checksum is filled in here. */
  public LayerFile block(byte[] block) {
    put(block, 148, 8, "        ");
    int sum = 0;
    for (byte b : block) {
      sum += b & 0xff;
    }
    put(block, 148, 8, String.format(Locale.ROOT, "%06o\0 ", sum));
    return raw(block);
  }

  public LayerFile raw(byte[] bytes) {
    out.writeBytes(bytes);
    return this;
  }

  /** With the two empty blocks of its end. */
  public byte[] bytes() {
    byte[] archive = out.toByteArray();
    return Arrays.copyOf(archive, archive.length + 1024);
  }

  /** As a layer of an image, with its digest. */
  public Layer layer(Path file) {
    byte[] bytes = write(file);
    return Layer.ofImage("layer " + file.getFileName(), file, Sha256.of(bytes));
  }

  /** As an archive of its own. */
  public Layer archive(Path file) {
    write(file);
    return Layer.ofArchive("archive " + file.getFileName(), file);
  }

  private byte[] write(Path file) {
    try {
      byte[] bytes = bytes();
      Files.write(file, bytes);
      return bytes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private void padded(byte[] content) {
    raw(content);
    raw(new byte[-content.length & 511]);
  }

  private static void put(byte[] block, int offset, int length, String value) {
    byte[] bytes = bytes(value);
    System.arraycopy(bytes, 0, block, offset, Math.min(bytes.length, length));
  }

  private static void record(ByteArrayOutputStream out, String key, byte[] value) {
    int rest = key.length() + value.length + 3;
    int length = rest;
    while (Integer.toString(length).length() + rest != length) {
      length = Integer.toString(length).length() + rest;
    }
    out.writeBytes(bytes(length + " " + key + "="));
    out.writeBytes(value);
    out.write('\n');
  }
}
