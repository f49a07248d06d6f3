#include "tar.h"

#include <string.h>

/* Where the fields of a ustar header are. */
enum {
    NAME = 0, NAME_BYTES = 100, MODE = 100, USER = 108, GROUP = 116, SIZE = 124, TIME = 136, CHECKSUM = 148,
    TYPE = 156, LINK = 157, LINK_BYTES = 100, MAGIC_AT = 257, MAJOR = 329, MINOR = 337, PREFIX = 345, PREFIX_BYTES = 155,
};

#define SIZE_LIMIT (UINT64_C(1) << 60)

bool tar_is_end(const uint8_t block[TAR_BLOCK])
{
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        if (block[i] != 0) {
            return false;
        }
    }
    return true;
}

/* GNU's numbers of base 256: the first bit says so, the second is the sign. */
static bool read_binary(const uint8_t *field, size_t length, int64_t *value)
{
    bool negative = (field[0] & 0x40) != 0;
    uint64_t number = negative ? ~UINT64_C(0) << 6 | (field[0] & 0x3F) : field[0] & 0x3F;
    for (size_t i = 1; i < length; i++) {
        uint64_t top = number >> 55; /* what would be lost, and the sign */
        if (top != (negative ? UINT64_C(0x1FF) : 0)) {
            return false;
        }
        number = number << 8 | field[i];
    }
    *value = (int64_t)number;
    return true;
}

/* Octal digits, perhaps with spaces before and a space or NUL behind; nothing is 0. */
static bool read_number(const uint8_t *field, size_t length, int64_t *value)
{
    if ((field[0] & 0x80) != 0) {
        return read_binary(field, length, value);
    }
    size_t at = 0;
    while (at < length && field[at] == ' ') {
        at++;
    }
    int64_t number = 0;
    for (; at < length && field[at] >= '0' && field[at] <= '7'; at++) {
        number = number << 3 | (field[at] - '0'); /* 12 digits at most */
    }
    *value = number;
    return at == length || field[at] == ' ' || field[at] == '\0';
}

static bool read_small(const uint8_t *field, uint32_t limit, uint32_t *value)
{
    int64_t number;
    if (!read_number(field, 8, &number) || number < 0 || number > limit) {
        return false;
    }
    *value = (uint32_t)number;
    return true;
}

static bool checksum_agrees(const uint8_t block[TAR_BLOCK])
{
    int64_t said;
    int64_t sum = 0;
    for (size_t i = 0; i < TAR_BLOCK; i++) {
        sum += i >= CHECKSUM && i < CHECKSUM + 8 ? ' ' : block[i];
    }
    return read_number(block + CHECKSUM, 8, &said) && said == sum;
}

static void read_names(const uint8_t block[TAR_BLOCK], bool has_prefix, struct tar_header *header)
{
    size_t length = 0;
    if (has_prefix && block[PREFIX] != '\0') {
        length = strnlen((const char *)block + PREFIX, PREFIX_BYTES);
        memcpy(header->path, block + PREFIX, length);
        header->path[length++] = '/';
    }
    size_t name = strnlen((const char *)block + NAME, NAME_BYTES);
    memcpy(header->path + length, block + NAME, name);
    header->path[length + name] = '\0';
    size_t link = strnlen((const char *)block + LINK, LINK_BYTES);
    memcpy(header->link, block + LINK, link);
    header->link[link] = '\0';
}

const char *tar_read_header(const uint8_t block[TAR_BLOCK], struct tar_header *header)
{
    bool ustar = memcmp(block + MAGIC_AT, "ustar\0", 6) == 0;
    bool gnu = memcmp(block + MAGIC_AT, "ustar  ", 7) == 0;
    if (!ustar && !gnu) {
        return "this is no tar archive (neither ustar nor GNU)";
    }
    if (!checksum_agrees(block)) {
        return "the checksum of a header is wrong";
    }
    memset(&header->facts, 0, sizeof header->facts);
    struct tar_facts *facts = &header->facts;
    facts->type = block[TYPE] == '\0' || block[TYPE] == '7' ? TAR_FILE : block[TYPE];
    int64_t size, mode;
    if (!read_number(block + SIZE, 12, &size) || size < 0 || (uint64_t)size > SIZE_LIMIT) {
        return "the size in a header is wrong";
    }
    if (!read_number(block + MODE, 8, &mode) || mode < 0 || !read_number(block + TIME, 12, &facts->seconds)
        || !read_small(block + USER, UINT32_MAX - 1, &facts->user)
        || !read_small(block + GROUP, UINT32_MAX - 1, &facts->group)) {
        return "a number in a header is wrong";
    }
    bool device = facts->type == TAR_CHARACTER || facts->type == TAR_BLOCK_DEVICE;
    if (device && (!read_small(block + MAJOR, 0xFFF, &facts->major) || !read_small(block + MINOR, 0xFFFFF, &facts->minor))) {
        return "a device number in a header is wrong";
    }
    facts->size = (uint64_t)size;
    facts->mode = (uint32_t)(mode & 07777);
    read_names(block, ustar, header);
    return NULL;
}

static bool read_decimal(const char *text, size_t length, uint64_t limit, uint64_t *value)
{
    uint64_t number = 0;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9' || number > limit / 10) {
            return false;
        }
        number = number * 10 + (uint64_t)(text[i] - '0');
    }
    *value = number;
    return length > 0 && number <= limit;
}

/* Seconds with a fraction; before 1970 with a minus. */
static bool read_time(const char *text, size_t length, struct tar_pax *pax)
{
    bool negative = length > 0 && text[0] == '-';
    text += negative;
    length -= negative;
    const char *point = memchr(text, '.', length);
    size_t whole = point != NULL ? (size_t)(point - text) : length;
    uint64_t seconds;
    if (!read_decimal(text, whole, SIZE_LIMIT, &seconds)) {
        return false;
    }
    uint32_t fraction = 0;
    for (size_t i = 0; i < 9; i++) {
        size_t at = whole + 1 + i;
        if (at < length && (text[at] < '0' || text[at] > '9')) {
            return false;
        }
        fraction = fraction * 10 + (at < length ? (uint32_t)(text[at] - '0') : 0);
    }
    pax->seconds = negative ? -(int64_t)seconds : (int64_t)seconds;
    pax->nanoseconds = fraction;
    if (negative && fraction > 0) {
        pax->seconds--;
        pax->nanoseconds = 1000000000 - fraction;
    }
    return true;
}

static bool is_key(const char *key, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(key, name, length) == 0;
}

static const char *take_name(const char *value, size_t length, const char **name, size_t *name_length)
{
    *name = value;
    *name_length = length;
    return length >= TAR_PATH_LIMIT || memchr(value, '\0', length) != NULL ? "a name in a pax header is wrong" : NULL;
}

static bool read_id(const char *text, size_t length, uint32_t *id)
{
    uint64_t number;
    bool good = read_decimal(text, length, UINT32_MAX - 1, &number);
    *id = good ? (uint32_t)number : 0;
    return good;
}

static const char *take_record(const char *key, size_t key_length, const char *value, size_t length, struct tar_pax *pax)
{
    static const char number[] = "a number in a pax header is wrong";
    if (is_key(key, key_length, "path")) {
        return take_name(value, length, &pax->path, &pax->path_length);
    }
    if (is_key(key, key_length, "linkpath")) {
        return take_name(value, length, &pax->link, &pax->link_length);
    }
    if (is_key(key, key_length, "size")) {
        pax->has_size = true;
        return read_decimal(value, length, SIZE_LIMIT, &pax->size) ? NULL : number;
    }
    if (is_key(key, key_length, "mtime")) {
        pax->has_time = true;
        return read_time(value, length, pax) ? NULL : number;
    }
    if (is_key(key, key_length, "uid")) {
        pax->has_user = true;
        return read_id(value, length, &pax->user) ? NULL : number;
    }
    if (is_key(key, key_length, "gid")) {
        pax->has_group = true;
        return read_id(value, length, &pax->group) ? NULL : number;
    }
    /* Its data would be taken for the file. */
    bool sparse = key_length >= 11 && memcmp(key, "GNU.sparse.", 11) == 0;
    return sparse ? "sparse files are not supported" : NULL;
}

const char *tar_read_pax(const char *bytes, size_t length, struct tar_pax *pax)
{
    static const char malformed[] = "a record of a pax header is malformed";
    while (length > 0) {
        const char *space = memchr(bytes, ' ', length < 20 ? length : 20);
        uint64_t size;
        if (space == NULL || !read_decimal(bytes, (size_t)(space - bytes), length, &size) || size < 5) {
            return malformed;
        }
        const char *key = space + 1, *end = bytes + size - 1;
        const char *equals = end > key ? memchr(key, '=', (size_t)(end - key)) : NULL;
        if (equals == NULL || equals == key || *end != '\n') {
            return malformed;
        }
        const char *wrong = take_record(key, (size_t)(equals - key), equals + 1, (size_t)(end - equals - 1), pax);
        if (wrong != NULL) {
            return wrong;
        }
        bytes += size;
        length -= size;
    }
    return NULL;
}
