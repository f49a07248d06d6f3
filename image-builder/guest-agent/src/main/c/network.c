/* Interfaces by ioctl: the image need not hold any tool for it. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "setup.h"

/* The interface is there when its driver has been loaded; the wait is for drivers that probe in the background. */
#define INTERFACE_TRIES 400
#define INTERFACE_PAUSE (5 * MILLISECOND)

static int bring_up(int fd, const char *name)
{
    struct ifreq request = {0};
    memcpy(request.ifr_name, name, strlen(name) + 1);
    if (ioctl(fd, SIOCGIFFLAGS, &request) != 0) {
        return errno;
    }
    request.ifr_flags |= IFF_UP;
    return ioctl(fd, SIOCSIFFLAGS, &request) == 0 ? 0 : errno;
}

static void put_address(struct sockaddr *place, uint32_t address)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = address};
    memcpy(place, &in, sizeof in);
}

static uint32_t address_of(const char *text)
{
    struct in_addr address = {0};
    (void)inet_pton(AF_INET, text, &address);
    return address.s_addr;
}

static int set_address(int fd, const char *name, const struct setup *setup)
{
    struct ifreq request = {0};
    memcpy(request.ifr_name, name, strlen(name) + 1);
    put_address(&request.ifr_addr, address_of(setup->address));
    if (ioctl(fd, SIOCSIFADDR, &request) != 0) {
        return errno;
    }
    uint32_t mask = setup->prefix_length == 0 ? 0 : htonl(UINT32_MAX << (32 - setup->prefix_length));
    put_address(&request.ifr_netmask, mask);
    return ioctl(fd, SIOCSIFNETMASK, &request) == 0 ? 0 : errno;
}

static int add_default_route(int fd, const char *name, const char *gateway)
{
    char device[IF_NAMESIZE];
    memcpy(device, name, strlen(name) + 1);
    struct rtentry route = {.rt_flags = RTF_UP | RTF_GATEWAY, .rt_dev = device};
    put_address(&route.rt_dst, 0);
    put_address(&route.rt_genmask, 0);
    put_address(&route.rt_gateway, address_of(gateway));
    return ioctl(fd, SIOCADDRT, &route) == 0 || errno == EEXIST ? 0 : errno;
}

/* The interface with the lowest index that has a link layer of its own. */
static bool first_interface(int fd, char name[IF_NAMESIZE])
{
    for (int try = 0; try < INTERFACE_TRIES; try++) {
        struct if_nameindex *all = if_nameindex();
        bool found = false;
        for (struct if_nameindex *one = all; !found && one != NULL && one->if_index != 0; one++) {
            struct ifreq request = {0};
            strncpy(request.ifr_name, one->if_name, IF_NAMESIZE - 1);
            found = ioctl(fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & (IFF_LOOPBACK | IFF_NOARP)) == 0;
            memcpy(name, request.ifr_name, IF_NAMESIZE);
        }
        if (all != NULL) {
            if_freenameindex(all);
        }
        if (found) {
            return true;
        }
        nanosleep(&(struct timespec){.tv_nsec = INTERFACE_PAUSE}, NULL);
    }
    return false;
}

static int take_network(int fd, const struct setup *setup, struct failure *failure)
{
    int error = bring_up(fd, "lo");
    if (error != 0) {
        return failed(failure, error, "bringing up lo");
    }
    if (setup->network_mode == 0) {
        return 0;
    }
    char name[IF_NAMESIZE];
    if (!first_interface(fd, name)) {
        return failed(failure, ENODEV, "there is no network interface");
    }
    error = set_address(fd, name, setup);
    if (error != 0) {
        return failed(failure, error, "giving %s its address", name);
    }
    error = bring_up(fd, name);
    if (error != 0) {
        return failed(failure, error, "bringing up %s", name);
    }
    if (setup->gateway[0] != '\0' && (error = add_default_route(fd, name, setup->gateway)) != 0) {
        return failed(failure, error, "adding the default route");
    }
    return 0;
}

int step_network(struct agent *agent, const struct setup *setup, struct failure *failure)
{
    (void)agent;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return failed(failure, errno, "opening a socket");
    }
    int error = take_network(fd, setup, failure);
    close(fd);
    return error;
}
