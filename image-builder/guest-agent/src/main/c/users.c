#include "users.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* A group may have many members; what is longer is cut, not misread. */
#define LINE_BYTES 65536

/* The next line without its end; false at the end of the file. What does not fit is dropped. */
static bool next_line(FILE *file, char *line, size_t size)
{
    if (fgets(line, (int)size, file) == NULL) {
        return false;
    }
    size_t length = strlen(line);
    if (length > 0 && line[length - 1] == '\n') {
        line[length - 1] = '\0';
        return true;
    }
    int c = 0;
    while (length == size - 1 && (c = getc(file)) != EOF && c != '\n') {
    }
    return true;
}

/* Splits at colons into exactly count fields; the last takes the rest. */
static bool split(char *line, char **fields, int count)
{
    for (int i = 0; i < count; i++) {
        fields[i] = line;
        if (i == count - 1) {
            return true;
        }
        char *colon = strchr(line, ':');
        if (colon == NULL) {
            return false;
        }
        *colon = '\0';
        line = colon + 1;
    }
    return true;
}

static bool parse_number(const char *text, uint32_t *value)
{
    uint64_t number = 0;
    if (*text == '\0') {
        return false;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9') {
            return false;
        }
        number = number * 10 + (uint64_t)(*text - '0');
        if (number >= UINT32_MAX) { /* the last one means "no change" to the kernel */
            return false;
        }
    }
    *value = (uint32_t)number;
    return true;
}

/* Looks for this name, or for this uid when name is NULL. */
static bool find_user(struct identity *identity, const char *passwd, const char *name)
{
    static char line[LINE_BYTES];
    FILE *file = fopen(passwd, "re");
    bool found = false;
    while (file != NULL && !found && next_line(file, line, sizeof line)) {
        char *fields[7];
        uint32_t uid, gid;
        if (!split(line, fields, 7) || !parse_number(fields[2], &uid) || !parse_number(fields[3], &gid)) {
            continue;
        }
        found = name != NULL ? strcmp(fields[0], name) == 0 : uid == identity->uid;
        if (found) {
            identity->uid = uid;
            identity->gid = gid;
            snprintf(identity->name, sizeof identity->name, "%s", fields[0]);
            snprintf(identity->home, sizeof identity->home, "%s", fields[5][0] == '\0' ? "/" : fields[5]);
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    identity->known = found;
    return found;
}

static bool is_member(char *members, const char *name)
{
    char *rest = members;
    for (char *member; (member = strsep(&rest, ",")) != NULL;) {
        if (strcmp(member, name) == 0) {
            return true;
        }
    }
    return false;
}

static void find_groups(struct identity *identity, const char *group)
{
    static char line[LINE_BYTES];
    FILE *file = fopen(group, "re");
    while (file != NULL && identity->group_count < GROUP_LIMIT && next_line(file, line, sizeof line)) {
        char *fields[4];
        uint32_t gid;
        if (split(line, fields, 4) && parse_number(fields[2], &gid) && gid != identity->gid
            && is_member(fields[3], identity->name)) {
            identity->groups[identity->group_count++] = gid;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

bool identity_resolve(struct identity *identity, const char *user, const char *passwd, const char *group)
{
    memset(identity, 0, sizeof *identity);
    snprintf(identity->home, sizeof identity->home, "/");
    char text[NAME_BYTES];
    if (strlen(user) >= sizeof text) {
        return false;
    }
    snprintf(text, sizeof text, "%s", user[0] == '\0' ? "0" : user);
    char *colon = strchr(text, ':');
    uint32_t uid, gid = 0;
    if (colon != NULL) {
        *colon = '\0';
        if (!parse_number(colon + 1, &gid)) {
            return false;
        }
    }
    if (parse_number(text, &uid)) {
        identity->uid = uid;
        find_user(identity, passwd, NULL);
    } else if (colon != NULL || !find_user(identity, passwd, text)) {
        return false;
    }
    if (colon != NULL) {
        identity->gid = gid;
        return true;
    }
    if (identity->known) {
        identity->groups[identity->group_count++] = identity->gid;
        find_groups(identity, group);
    }
    return true;
}
