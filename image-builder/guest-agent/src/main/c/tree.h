/*
 * A directory that an archive is unpacked into. Every path is walked from it one component at a time and no link is
 * followed, so that neither an archive nor a process beside us can lead us out of it.
 */
#ifndef MAYFLY_TREE_H
#define MAYFLY_TREE_H

#include "tar.h"

/* A directory whose permissions and times are set behind its contents. */
struct open_directory {
    int fd;
    size_t path_length; /* of tree.path, which holds the innermost */
    bool made;
    struct tar_facts facts;
};

struct tree {
    int root;
    bool keeps_owner; /* we are root */
    size_t depth;
    struct open_directory open[TAR_DEPTH_LIMIT];
    char path[TAR_PATH_LIMIT];
};

/* Opens the directory, made with those above it where absent; false with errno. Changes the path while it works. */
bool tree_open(struct tree *tree, char *directory);
/*
 * Drops what does not matter in a path: "./", more than one slash, slashes at the end. NULL when good, else what is wrong.
 * The root of the tree is then empty.
 */
const char *tree_normalise(char *path);
/* Settles the directories that this path is not below; NULL: all. False with errno. */
bool tree_leave(struct tree *tree, const char *path);
/* All take a normalised path that is not empty. False or -1 with errno. */
int tree_make_file(struct tree *tree, const char *path);
/* Gives what the header says to an open file. */
bool tree_settle(const struct tree *tree, int fd, const struct tar_facts *facts);
bool tree_remove(struct tree *tree, const char *path);
bool tree_make_directory(struct tree *tree, const char *path, const struct tar_facts *facts);
bool tree_make_hard_link(struct tree *tree, const char *path, const char *target);
/* Symbolic links, FIFOs and devices. */
bool tree_make_special(struct tree *tree, const char *path, const char *link, const struct tar_facts *facts);

#endif
