/* Netfilter, links and the resolver, by the kernel's own protocols; each in a network namespace that goes with it. */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_link.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define REQUEST_BYTES 4096
#define ANSWER_SECONDS 10

static char request[REQUEST_BYTES];
static size_t used;
static unsigned sequence;

static void *reserve(size_t length)
{
    void *place = request + used;
    size_t padded = (length + 3) & ~(size_t)3;
    if (used + padded > sizeof request) {
        fail("the request is too long");
    }
    memset(place, 0, padded);
    used += padded;
    return place;
}

static struct nlmsghdr *message_begin(unsigned type, unsigned flags)
{
    struct nlmsghdr *header = reserve(sizeof *header);
    header->nlmsg_type = (uint16_t)type;
    header->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
    header->nlmsg_seq = ++sequence;
    return header;
}

static void message_end(struct nlmsghdr *header)
{
    header->nlmsg_len = (uint32_t)(request + used - (char *)header);
}

static void attribute(unsigned type, const void *value, size_t length)
{
    struct nlattr *head = reserve(sizeof *head);
    head->nla_type = (uint16_t)type;
    head->nla_len = (uint16_t)(sizeof *head + length);
    if (length > 0) {
        memcpy(reserve(length), value, length);
    }
}

static void text(unsigned type, const char *value)
{
    attribute(type, value, strlen(value) + 1);
}

static void number(unsigned type, uint32_t value)
{
    uint32_t ordered = htonl(value); /* netfilter's numbers are in the network's order */
    attribute(type, &ordered, sizeof ordered);
}

static struct nlattr *nest(unsigned type)
{
    struct nlattr *head = reserve(sizeof *head);
    head->nla_type = (uint16_t)(type | NLA_F_NESTED);
    return head;
}

static void nest_end(struct nlattr *head)
{
    head->nla_len = (uint16_t)(request + used - (char *)head);
}

/* Sends what was written and waits for so many acknowledgements. */
static void send_all(int protocol, int acknowledgements, const char *what)
{
    union {
        struct nlmsghdr header;
        char bytes[8192];
    } answer;
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    int fd = must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), "a netlink socket");
    must((int)sendto(fd, request, used, 0, (struct sockaddr *)&kernel, sizeof kernel), what);
    used = 0;
    while (acknowledgements > 0) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, ANSWER_SECONDS * 1000) != 1) {
            fail("%s: the kernel does not answer", what);
        }
        int length = must((int)recv(fd, &answer, sizeof answer, 0), what);
        for (struct nlmsghdr *at = &answer.header; NLMSG_OK(at, (unsigned)length); at = NLMSG_NEXT(at, length)) {
            if (at->nlmsg_type == NLMSG_ERROR) {
                int error = -((struct nlmsgerr *)NLMSG_DATA(at))->error;
                if (error != 0) {
                    fail("%s: %s", what, strerror(error));
                }
                acknowledgements--;
            }
        }
    }
    close(fd);
}

static void nft_mark(unsigned type)
{
    struct nlmsghdr *header = message_begin(type, 0);
    struct nfgenmsg *family = reserve(sizeof *family);
    family->res_id = htons(NFNL_SUBSYS_NFTABLES);
    message_end(header);
}

static struct nlmsghdr *nft_begin(unsigned type, unsigned flags)
{
    struct nlmsghdr *header = message_begin(NFNL_SUBSYS_NFTABLES << 8 | type, NLM_F_ACK | flags);
    struct nfgenmsg *family = reserve(sizeof *family);
    family->nfgen_family = NFPROTO_IPV4;
    return header;
}

static void nft_table_and_chain(void)
{
    struct nlmsghdr *header = nft_begin(NFT_MSG_NEWTABLE, NLM_F_CREATE);
    text(NFTA_TABLE_NAME, "check");
    message_end(header);
    header = nft_begin(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
    text(NFTA_CHAIN_TABLE, "check");
    text(NFTA_CHAIN_NAME, "postrouting");
    text(NFTA_CHAIN_TYPE, "nat");
    struct nlattr *hook = nest(NFTA_CHAIN_HOOK);
    number(NFTA_HOOK_HOOKNUM, NF_INET_POST_ROUTING);
    number(NFTA_HOOK_PRIORITY, 100);
    nest_end(hook);
    message_end(header);
}

void check_nft(void)
{
    must(unshare(CLONE_NEWNET), "a network namespace");
    nft_mark(NFNL_MSG_BATCH_BEGIN);
    nft_table_and_chain();
    struct nlmsghdr *header = nft_begin(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
    text(NFTA_RULE_TABLE, "check");
    text(NFTA_RULE_CHAIN, "postrouting");
    struct nlattr *list = nest(NFTA_RULE_EXPRESSIONS);
    struct nlattr *element = nest(NFTA_LIST_ELEM);
    text(NFTA_EXPR_NAME, "masq");
    nest_end(element);
    nest_end(list);
    message_end(header);
    nft_mark(NFNL_MSG_BATCH_END);
    send_all(NETLINK_NETFILTER, 3, "a table with a masquerading rule");
    nft_mark(NFNL_MSG_BATCH_BEGIN);
    header = nft_begin(NFT_MSG_DELTABLE, 0);
    text(NFTA_TABLE_NAME, "check");
    message_end(header);
    nft_mark(NFNL_MSG_BATCH_END);
    send_all(NETLINK_NETFILTER, 1, "removing the table");
}

/* As linux/netfilter_ipv4/ip_tables.h has it, which cannot be included beside the C library's headers. */
struct table_information {
    char name[32];
    unsigned valid_hooks, hook_entry[5], underflow[5], entries, size;
};
#define IPT_SO_GET_INFO 64

/* The kernel does not ask for the module of iptables itself: iptables runs the helper, and so do we. */
static void want_module(const char *name)
{
    char helper[256];
    read_file("/proc/sys/kernel/modprobe", helper, sizeof helper);
    helper[strcspn(helper, "\n")] = '\0';
    pid_t child = must(fork(), "fork");
    if (child == 0) {
        execl(helper, helper, "-q", name, (char *)NULL);
        _exit(127);
    }
    (void)waitpid(child, NULL, 0);
}

void check_iptables(void)
{
    static const char *const tables[] = {"filter", "nat", "mangle"};
    must(unshare(CLONE_NEWNET), "a network namespace");
    int fd = must(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW), "a raw socket");
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        struct table_information table = {.name = ""};
        socklen_t length = sizeof table;
        strcpy(table.name, tables[i]);
        if (getsockopt(fd, IPPROTO_IP, IPT_SO_GET_INFO, &table, &length) != 0 && errno == ENOPROTOOPT) {
            want_module("ip_tables");
        }
        must(getsockopt(fd, IPPROTO_IP, IPT_SO_GET_INFO, &table, &length), tables[i]);
    }
}

static struct nlmsghdr *link_begin(unsigned flags, int index)
{
    struct nlmsghdr *header = message_begin(RTM_NEWLINK, NLM_F_ACK | flags);
    struct ifinfomsg *link = reserve(sizeof *link);
    link->ifi_index = index;
    return header;
}

static void make_bridge(void)
{
    struct nlmsghdr *header = link_begin(NLM_F_CREATE | NLM_F_EXCL, 0);
    text(IFLA_IFNAME, "check-bridge");
    struct nlattr *information = nest(IFLA_LINKINFO);
    text(IFLA_INFO_KIND, "bridge");
    nest_end(information);
    message_end(header);
    send_all(NETLINK_ROUTE, 1, "a bridge");
}

static void make_pair(void)
{
    struct nlmsghdr *header = link_begin(NLM_F_CREATE | NLM_F_EXCL, 0);
    text(IFLA_IFNAME, "check-one");
    struct nlattr *information = nest(IFLA_LINKINFO);
    text(IFLA_INFO_KIND, "veth");
    struct nlattr *data = nest(IFLA_INFO_DATA);
    struct nlattr *peer = nest(VETH_INFO_PEER);
    (void)reserve(sizeof(struct ifinfomsg));
    text(IFLA_IFNAME, "check-other");
    nest_end(peer);
    nest_end(data);
    nest_end(information);
    message_end(header);
    send_all(NETLINK_ROUTE, 1, "a pair of links");
}

void check_bridge(void)
{
    must(unshare(CLONE_NEWNET), "a network namespace");
    make_bridge();
    make_pair();
    uint32_t bridge = if_nametoindex("check-bridge");
    int one = (int)if_nametoindex("check-one");
    if (bridge == 0 || one == 0 || if_nametoindex("check-other") == 0) {
        fail("the links that were made are not there");
    }
    struct nlmsghdr *header = link_begin(0, one);
    attribute(IFLA_MASTER, &bridge, sizeof bridge);
    message_end(header);
    send_all(NETLINK_ROUTE, 1, "putting one into the bridge");
}

static void name_server(struct sockaddr_in *address)
{
    char line[256], word[64];
    FILE *file = fopen("/etc/resolv.conf", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "nameserver %63s", word) == 1 && inet_pton(AF_INET, word, &address->sin_addr) == 1) {
            fclose(file);
            return;
        }
    }
    skip("the job has no network: /etc/resolv.conf names no server");
}

void check_dns(void)
{
    /* Who is responsible for the root of all names: any server that answers, answers this. */
    static const unsigned char question[] = {0x6d, 0x79, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1};
    unsigned char answer[1500];
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons(53)};
    name_server(&server);
    int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "a socket");
    must(connect(fd, (struct sockaddr *)&server, sizeof server), "a way to the name server");
    for (int tries = 0; tries < 3; tries++) {
        must((int)send(fd, question, sizeof question, 0), "asking the name server");
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, 5000) == 1) {
            int got = must((int)recv(fd, answer, sizeof answer, 0), "the name server's answer");
            if (got < 12 || answer[0] != 0x6d || answer[1] != 0x79 || (answer[2] & 0x80) == 0) {
                fail("what the name server says is no answer");
            }
            return;
        }
    }
    fail("the name server %s does not answer", inet_ntoa(server.sin_addr));
}
