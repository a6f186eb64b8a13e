/**
 * EC2's instance families, one block each: a name, then `property=value` words. instanceTypes.ts reads them on the
 * first look-up of a type; nothing here costs anything at start.
 *
 * A value is either one word for the whole family, or a list `key:value,…` by size, where a key is
 *   - a number: "from that many vCPUs on" (`ghz=2:2.4,64:2.3`),
 *   - a size: just that one (`ram=nano:0.5`), or `metal`: every bare metal size without an entry of its own.
 * A size wins over a number, a number over the family's word. A ladder of ladders.ts may stand first and be amended:
 * `net=m7g,48xlarge:50`. `-` is "none"; `auto` returns to the default where `as` brought something else.
 *
 *   as        another family: take its properties, then what follows here
 *   sizes     large, xlarge, metal, …; a bare number N is Nxlarge
 *   cpu       maker: Intel (default), AMD, AWS, Apple
 *   ghz       sustained clock; left out where EC2 does not say
 *   arch      default by maker; `i386+x86_64` is both
 *   vcpus     where the name of the size does not tell: large 2, xlarge 4, Nxlarge and metal-Nxl 4N, smaller 1
 *   threads   per core; default 2, for AWS and Apple 1
 *   gib       memory per vCPU in GiB; `ram` is a size's total, in GiB or, with M, in MiB
 *   net       ladder or Gbit/s: baseline-peak, or one number for both; `text@` before it is what EC2 prints where that
 *             is not "[Up to ]<peak> Gigabit" (where several cards are, numbers are sums and the text may be one card's)
 *   eni       ladder or network interfaces x addresses on each; `ipv6=n`: no IPv6
 *   cards     network cards; default 1
 *   ena       required (default), supported, unsupported
 *   efa       elastic fabric adapter: y, n (default), `..32` up to 32 vCPUs, `96..` from 96 vCPUs on
 *   srd       ENA Express, as `efa`
 *   queues    ladder or ENA queues, where their number can be chosen: usual on an interface / most on one / most on the
 *             instance; default `-`
 *   crypt     traffic between instances is encrypted: y (default), n
 *   idle      seconds before an idle TCP connection is forgotten: 432000 (default), 350 on Nitro v6
 *   ebs       ladder or Mbit/s@IOPS baseline-maximum, or one pair for both; `-` where EBS has no dedicated bandwidth
 *   ebsopt    default (default), supported, unsupported
 *   nvme      EBS volumes as NVMe: auto (required on Nitro, unsupported on Xen), supported
 *   vol       ladder or number of EBS volumes that can be attached
 *   store     ladder or local disks: count x GB, of kind `disk`: ssd (default), hdd
 *   acc       accelerators: count x device of devices.ts; 1/8 is a partition
 *   hib enclaves tpm hosts recover free
 *             hibernation (default n), Nitro Enclaves (4..), NitroTPM (y), Dedicated Hosts (y), automatic recovery
 *             (where there is no local disk), free tier (n), as `efa`; bare metal never has the first three
 *   gen       current (default), previous
 *   burst     y: CPU credits, see credits.ts
 *   hyper     nitro (default), xen
 *   place     cluster, partition and spread groups (`cluster`, default) or the last two (`spread`)
 *   usage     on-demand+spot (default)
 *   virt      hvm (default), pv: paravirtual too
 *   root      ebs (default), store: instance store too
 *   boot      auto: uefi on arm64, else legacy-bios and, on Nitro instances that are not metal, uefi
 *
 * test/ec2/catalogue/instanceTypes.test.ts holds the result against EC2's answers.
 */
export const instanceFamilies = `
# General purpose

t1            ram=627M sizes=micro threads=1 arch=i386+x86_64 net=Very_Low@0.07-0.28 eni=2x2 ipv6=n ebs=-
              vol=39 enclaves=n tpm=n hosts=n gen=previous hyper=xen ena=unsupported crypt=n
              ebsopt=unsupported place=spread virt=pv
t2            ghz=1:2.5,2:2.3,nano:2.4 gib=4 ram=nano:0.5,micro:1,small:2,medium:4
              sizes=nano,micro,small,medium,large,xlarge,2 vcpus=medium:2 threads=1
              arch=1:i386+x86_64,2:x86_64,medium:i386+x86_64 net=t2 eni=t2 ebs=- vol=40 hib=y enclaves=n
              tpm=n hosts=n burst=y hyper=xen ena=unsupported crypt=n ebsopt=unsupported place=spread
              usage=on-demand+spot,nano:on-demand
t3            ghz=2.5 gib=4 ram=nano:0.5,micro:1,small:2,medium:4
              sizes=nano,micro,small,medium,large,xlarge,2 vcpus=nano:2,micro:2,small:2,medium:2 net=t3
              eni=t3 ebs=t3 vol=27 hib=y enclaves=n free=n,micro:y,small:y burst=y crypt=n place=spread
t3a           as=t3 cpu=AMD ghz=2.2 eni=t3,small:2x4 ebs=t3a hosts=n free=n
t4g           as=t3 cpu=AWS hosts=n

m1            gib=3.75 ram=small:1740M,medium:3788M sizes=small,medium,large,xlarge threads=1
              arch=1:i386+x86_64,2:x86_64
              net=1:Moderate@0.3-1.2,2:Moderate@0.7-2.8,4:High@1-10,small:Low@0.3-1.2
              eni=1:2x6,2:3x10,4:4x15,small:2x4 ipv6=n ebs=1:-,2:500@4000,4:1000@8000 vol=39
              store=1:1x410,2:2x420,4:4x420,small:1x160 disk=hdd enclaves=n tpm=n hosts=n gen=previous
              hyper=xen ena=unsupported crypt=n ebsopt=1:unsupported,2:supported place=spread virt=pv
              root=store
m2            ram=2:17510M,4:35020M,8:70041M sizes=xlarge,2,4 vcpus=xlarge:2,2xlarge:4,4xlarge:8 threads=1
              net=m2 eni=2:4x15,4:4x30,8:8x30 ipv6=n ebs=m2 vol=39 store=2:1x420,4:1x850,8:2x840 disk=hdd
              enclaves=n tpm=n hosts=n gen=previous hyper=xen ena=unsupported crypt=n
              ebsopt=2:unsupported,4:supported place=spread virt=pv root=store
m3            ghz=2.5 gib=3.75 sizes=medium,large,xlarge,2 threads=1:1,2:2
              net=1:Moderate@0.3-1.2,2:Moderate@0.7-2.8,4:High@1-10 eni=1:2x6,2:3x10,4:4x15,8:4x30 ipv6=n
              ebs=m2 vol=39 store=1:1x4,2:1x32,4:2x40,8:2x80 hib=y enclaves=n tpm=n recover=y gen=previous
              hyper=xen ena=unsupported crypt=n ebsopt=1:unsupported,4:supported place=spread virt=pv
              root=store
m4            ghz=2:2.4,64:2.3 gib=4 sizes=large,xlarge,2,4,10,16 net=m4 eni=m4 ebs=m4 vol=40 hib=..16
              enclaves=n tpm=n hosts=..40 gen=previous hyper=xen ena=2:unsupported,64:supported crypt=n

m5            ghz=3.1 gib=4 sizes=large,xlarge,2,4,8,12,16,24,metal vcpus=metal:96 net=m5 eni=m5 ebs=m5
              vol=27,metal:31 hib=..32 gen=previous crypt=n
m5a           cpu=AMD ghz=2.5 gib=4 sizes=large,xlarge,2,4,8,12,16,24 net=m5a eni=m5 ebs=m5a vol=27
              hib=..32 hosts=n crypt=n
m5d           as=m5 vol=m5d store=m5d gen=current
m5n           as=m5 net=m5n hib=n efa=96.. gen=current crypt=y
m5ad          as=m5a ghz=2:2.2,32:2.5,48:2.2,64:2.5,96:2.2 vol=m5d store=m5d
m5dn          as=m5n vol=m5d store=m5d
m5zn          ghz=4.5 gib=4 sizes=large,xlarge,2,3,6,12,metal vcpus=metal:48 net=m5zn eni=m5zn ebs=m5zn
              vol=27,metal:31 efa=48..

m6a           cpu=AMD ghz=3.6 gib=4 sizes=large,xlarge,2,4,8,12,16,24,32,48,metal vcpus=metal:192 net=m6a
              eni=m5 ebs=m6a vol=27,metal:31 hib=..32 efa=192.. srd=48..
m6g           cpu=AWS ghz=2.5 gib=4 sizes=medium,large,xlarge,2,4,8,12,16,metal vcpus=metal:64 net=m6g
              eni=m5 ebs=m6g vol=27,metal:31 hib=..32 enclaves=2.. crypt=n
m6i           as=m5 ghz=3.5 sizes=large,xlarge,2,4,8,12,16,24,32,metal vcpus=metal:128 net=m6a ebs=m6a
              efa=128.. crypt=y srd=32.. queues=m6i,metal:-
m6gd          as=m6g vol=m6gd store=m6gd
m6id          as=m6i vol=m6gd store=m6gd gen=current
m6in          as=m6i net=m6in cards=2:1,128:2 eni=m5,32xlarge:16x50,metal:16x50 ebs=m6in gen=current
              queues=m6in,metal:-
m6idn         as=m6in vol=m6gd store=m6gd

m7a           as=m6a ghz=3.7 sizes=medium,large,xlarge,2,4,8,12,16,24,32,48,metal-48xl vcpus=- threads=1
              vol=m7a
m7g           as=m6g ghz=2.6 net=m7g ebs=m6a,medium:315@2500-10000@40000,large:630@3600-10000@40000
              efa=64.. crypt=y srd=48..
m7i           ghz=3.2 gib=4 sizes=large,xlarge,2,4,8,12,16,24,48,metal-24xl,metal-48xl net=m6a eni=m5
              ebs=m6a vol=m7a hib=..32 efa=192.. hosts=..64,metal-48xl:y srd=48..
m7i-flex      ghz=3.2 gib=4 sizes=large,xlarge,2,4,8,12,16 net=m7i-flex eni=m5 ebs=m7i-flex vol=2:32,64:48
              hib=y enclaves=n hosts=n free=..2 place=spread
m7gd          as=m7g vol=m6gd store=m6gd

m8a           cpu=AMD ghz=4.5 gib=4 sizes=medium,large,xlarge,2,4,8,12,16,24,48,metal-24xl,metal-48xl
              threads=1 net=m7g,xlarge:1.875-12.5 eni=m8a
              ebs=m6a,48xlarge:60000@240000,metal-48xl:60000@240000 vol=m7a,metal-24xl:64 hib=..32
              enclaves=2.. efa=192.. idle=350 srd=64.. queues=m8a
m8g           as=m7g ghz=1:2.8,192:2.7 sizes=medium,large,xlarge,2,4,8,12,16,24,48,metal-24xl,metal-48xl
              vcpus=- net=m7g,xlarge:1.875-12.5,48xlarge:50,metal-48xl:50 vol=m7a efa=96.. srd=32..
m8i           as=m8a cpu=Intel ghz=3.9 sizes=large,xlarge,2,4,8,12,16,24,32,48,96,metal-48xl,metal-96xl
              threads=auto eni=m8i vol=m7a,metal-48xl:64 enclaves=4.. srd=32..
m8i-flex      as=m7i-flex ghz=3.9 net=m8i-flex eni=m8i
              ebs=m7i-flex,large:315@2500-10000@40000,xlarge:630@3600-10000@40000 hib=..32 free=n idle=350
              queues=m8i-flex
m8gb          as=m8g net=m8gb cards=1:1,192:2 eni=m8gb ebs=m8gb vol=m7a,metal-48xl:78 efa=64.. idle=350
              srd=16.. queues=m8a,medium:1/1/2,metal-24xl:32/128/768
m8gd          as=m8g store=m6gd,12xlarge:3x950,24xlarge:3x1900
m8gn          as=m8gb net=m8gn ebs=m8gn
m8ib          ghz=3.9 gib=4 sizes=large,xlarge,2,4,8,12,16,24,32,48,96 net=m8ib cards=2:1,384:2
              eni=m8i,large:4x20,8xlarge:8x50,32xlarge:16x64 ebs=m8ib vol=m7a efa=192.. idle=350 srd=32..
              queues=m8in
m8id          as=m8i store=m8id hib=n
m8in          as=m8ib net=m6in,32xlarge:200 ebs=m6a,48xlarge:60000@240000,96xlarge:120000@480000
m8azn         as=m8a ghz=5 sizes=medium,large,xlarge,3,6,12,24,metal-12xl,metal-24xl net=m8azn eni=m8azn
              ebs=m8azn vol=m8azn hib=..24 efa=96.. srd=48.. queues=m8azn
m8ine         ghz=3.9 gib=4 sizes=large,xlarge,2,4,8,12 net=m8ine eni=m8i,large:4x20,8xlarge:8x50 ebs=m6a
              vol=32 hosts=n idle=350 usage=on-demand queues=m8ine

a1            as=m5 cpu=AWS ghz=2.3 gib=2 sizes=medium,large,xlarge,2,4,metal vcpus=metal:16 ebs=a1 hib=n
              enclaves=n tpm=n

mac1          ghz=3.2 ram=32 sizes=metal vcpus=metal:12 arch=x86_64_mac net=25 eni=8x30 ebs=14000@80000
              vol=16 recover=n crypt=n place=spread usage=on-demand
mac2          as=mac1 cpu=Apple gib=2 ram=- vcpus=metal:8 threads=2 arch=auto net=10 ebs=10000@55000 vol=10
mac2-m2       as=mac2 ghz=3.5 gib=3 threads=auto ebs=8000@55000
mac2-m2pro    as=mac2-m2 gib=- ram=32 vcpus=metal:12
mac2-m1ultra  as=mac2 gib=- ram=128 vcpus=metal:20 threads=auto

mac-m4        as=mac2-m2 gib=- ram=24 vcpus=metal:10 vol=31 store=1x1900 recover=auto crypt=y
mac-m4max     as=mac2 ghz=4 gib=8 vcpus=metal:16 threads=auto
mac-m4pro     as=mac-m4 ram=48 vcpus=metal:14

# Compute optimized

c1            as=m2 ram=2:1740M,8:7 sizes=medium,xlarge vcpus=medium:2,xlarge:8 arch=2:i386+x86_64,8:x86_64
              net=2:Moderate@0.3-1.2,8:High@1-10 eni=2:2x6,8:4x15 ebs=2:-,8:1000@8000 store=2:1x350,8:4x420
              ebsopt=2:unsupported,8:supported
c3            ghz=2.8 gib=1.875 sizes=large,xlarge,2,4,8 arch=2:i386+x86_64,4:x86_64 net=c3 eni=m5 ebs=m2
              vol=39 store=c3 hib=y enclaves=n tpm=n recover=y gen=previous hyper=xen ena=unsupported
              crypt=n ebsopt=2:unsupported,4:supported,32:unsupported virt=pv root=store
c4            ghz=2.9 gib=1.875 ram=8xlarge:60 sizes=large,xlarge,2,4,8 vcpus=8xlarge:36 net=c4 eni=m5
              ebs=m4,large:500@4000 vol=40 hib=y enclaves=n tpm=n gen=previous hyper=xen ena=unsupported
              crypt=n

c5            as=m5 ghz=2:3.4,48:3.6,72:3.4,96:3.6 gib=2 sizes=large,xlarge,2,4,9,12,18,24,metal ebs=c5
              hib=..72 hosts=..72
c5a           as=m5a ghz=3.3 gib=2 net=m5,24xlarge:20 ebs=c5a hib=n crypt=y
c5d           as=c5 vol=m6gd store=c5d hosts=y,metal:n gen=current
c5n           ghz=3.4 gib=2.625 ram=9xlarge:96,18xlarge:192,metal:192 sizes=large,xlarge,2,4,9,18,metal
              vcpus=metal:72 net=c5n eni=m5 ebs=c5 vol=27,metal:31 efa=36..
c5ad          as=c5a vol=2:26,16:25 store=m5d,16xlarge:2x1200,24xlarge:2x1900

c6a           as=m6a gib=2 hib=..32,16xlarge:y
c6g           as=m6g gib=2 hib=y
c6i           as=m6i gib=2 hib=..64 gen=current
c6gd          as=m6gd gib=2 hib=y
c6gn          cpu=AWS ghz=2.5 gib=2 sizes=medium,large,xlarge,2,4,8,12,16 net=c6gn eni=m5 ebs=c6gn vol=27
              hib=y enclaves=2.. efa=64.. gen=previous srd=16..
c6id          as=m6id gib=2 hib=..64
c6in          as=m6in gib=2 hib=..64

c7a           as=m7a gib=2 hib=..64
c7g           as=m7g gib=2 hib=y
c7i           as=m7i gib=2 hib=..64
c7i-flex      as=m7i-flex gib=2
c7gd          as=m7gd gib=2 hib=y
c7gn          as=c7g net=m8gn ebs=c7gn enclaves=n srd=16..

c8a           as=m8a gib=2 hib=..64
c8g           as=m8g gib=2 hib=..64
c8i           as=m8i gib=2 hib=..64
c8i-flex      as=m8i-flex gib=2 hib=y
c8gb          as=m8gb gib=2 hib=..64
c8gd          as=m8gd gib=2 hib=..64
c8gn          as=m8gn gib=2 hib=..64
c8ib          as=m8i gib=2 net=m8ib cards=2:1,384:2 eni=m8i,large:4x20,8xlarge:8x50,32xlarge:16x64 ebs=m8ib
              vol=m7a,metal-48xl:64,metal-96xl:78 hib=n queues=m8in
c8id          as=m8id gib=2
c8in          as=c8ib net=m6in,32xlarge:200 ebs=c8in
c8ine         as=m8ine gib=2

# High-performance computing

hpc6a         cpu=AMD ghz=3.6 gib=4 sizes=48 vcpus=48xlarge:96 threads=1 net=100 eni=2x50
              ebs=87@500-2085@11000 vol=27 enclaves=n efa=y hosts=n usage=on-demand
hpc6id        as=hpc6a cpu=Intel ghz=3.5 gib=16 sizes=32 vcpus=32xlarge:64 net=200@400 cards=2 vol=23
              store=4x3800

hpc7a         as=hpc6a ghz=3.7 gib=- ram=768 sizes=12,24,48,96
              vcpus=12xlarge:24,24xlarge:48,48xlarge:96,96xlarge:192 net=300 cards=2 eni=4x50 tpm=n
hpc7g         as=hpc7a cpu=AWS ghz=2.6 ram=128 sizes=4,8,16 vcpus=- threads=auto net=200 cards=1

hpc8a         as=hpc6a ghz=4.5 sizes=96 vcpus=96xlarge:192 net=300@600 cards=2 eni=4x50 idle=350
              queues=32/128/512

# Memory optimized

r3            as=c3 ghz=2.5 gib=7.625 ram=large:15 arch=auto net=c3,xlarge:Moderate@0.7-2.8 store=r3
              hib=..16 virt=hvm
r4            as=m4 ghz=2.3 gib=7.625 sizes=large,xlarge,2,4,8,16 net=m6g,8xlarge:10@12 eni=m5 ebs=r4
              hosts=y ena=supported

r5            as=m5 gib=8 hib=..16
r5a           as=m5a gib=8 ebs=m5a,24xlarge:13570@60000 hib=..16
r5b           as=r5 ebs=r5b hib=n gen=current
r5d           as=m5d gib=8 hib=..16
r5n           as=m5n gib=8
r5ad          as=m5ad gib=8 ebs=m5a,24xlarge:13570@60000 hib=..16
r5dn          as=m5dn gib=8

r6a           as=m6a gib=8 hib=..16
r6g           as=m6g gib=8 hib=..16
r6i           as=m6i gib=8 hib=n
r6gd          as=m6gd gib=8 hib=..16
r6id          as=m6id gib=8 hib=n
r6in          as=m6in gib=8 hib=..16
r6idn         as=m6idn gib=8 hib=..16

r7a           as=m7a gib=8 hib=..16
r7g           as=m7g gib=8 ebs=c8in,large:630@3600-10000@40000 hib=..16
r7i           as=m7i gib=8 hib=..16
r7gd          as=r7g vol=m6gd store=m6gd
r7iz          ghz=3.9 gib=8 sizes=large,xlarge,2,4,8,12,16,32,metal-16xl,metal-32xl net=m6a,12xlarge:25
              eni=m5 ebs=r7iz vol=m7a hib=..16 efa=128.. hosts=y,16xlarge:n,32xlarge:n srd=32..

r8a           as=m8a gib=8 ebs=c8in,medium:325@2500-10000@40000 hib=..16
r8g           as=m8g gib=8 hib=..16
r8i           as=m8i gib=8 hib=..16
r8i-flex      as=m8i-flex gib=8 hib=..16
r8gb          as=m8gb gib=8 net=m8gb,medium:2.083-16.667,xlarge:8.333-26.667 hib=..16
r8gd          as=m8gd gib=8 hib=..16
r8gn          as=m8gn gib=8 hib=..16
r8ib          as=m8ib gib=8
r8id          as=m8id gib=8
r8in          as=m8in gib=8 ebs=c8in

x1            ghz=2.3 gib=15.25 sizes=16,32 net=64:10,128:25 eni=8x30 ebs=64:7000@40000,128:14000@80000
              vol=40 store=64:1x1920,128:2x1920 enclaves=n tpm=n recover=y hyper=xen ena=supported crypt=n
              root=store
x1e           as=x1 gib=30.5 sizes=xlarge,2,4,8,16,32 net=x1e eni=4:3x10,8:4x15,64:8x30 ebs=x1e store=x1e
              root=ebs
x2gd          as=m6g gib=16 ebs=m6g,12xlarge:14250@60000 vol=m6gd store=m6gd,2xlarge:1x475 hib=..8 tpm=n
x2idn         ghz=3.5 gib=16 sizes=16,24,32,metal vcpus=metal:128 net=x2idn eni=15x50 ebs=r5b vol=x2idn
              store=x2idn enclaves=y efa=128.. recover=y srd=64..
x2iedn        as=x2idn gib=32 sizes=xlarge,2,4,8,16,24,32,metal eni=m5 ebs=x2iedn srd=32..
x2iezn        as=m5zn gib=32 sizes=2,4,6,8,12,metal net=m8azn enclaves=y

x8g           as=m8g gib=16 hib=n
x8i           as=m8i gib=16 sizes=large,xlarge,2,4,8,12,16,24,32,48,64,96,metal-48xl,metal-96xl hib=..8
x8aedz        as=m8azn gib=32 sizes=large,xlarge,3,6,12,24,metal-12xl,metal-24xl net=x8aedz store=x8aedz
              hib=..4 enclaves=y srd=96..

u-3tb1        ghz=2.1 ram=3072 sizes=56 net=50 eni=8x30 ebs=19000@80000 vol=27 enclaves=n tpm=n hosts=n
              usage=on-demand boot=legacy-bios
u-6tb1        as=u-3tb1 ram=6144 sizes=56,112 threads=224:1,448:2 net=100 eni=15x50 ebs=38000@160000
              hosts=y

u7i-6tb       ghz=1.9 ram=6144 sizes=112 net=100 eni=15x50 ebs=100000@560000 vol=128 enclaves=n efa=y
              usage=on-demand srd=y
u7i-8tb       as=u7i-6tb ram=8192
u7i-12tb      as=u7i-6tb ram=12288 sizes=224
u7in-16tb     as=u7i-6tb ram=16384 sizes=224 net=200 cards=2 eni=16x50
u7in-24tb     as=u7in-16tb ram=24576
u7in-32tb     as=u7in-16tb ram=32768

z1d           as=m5zn ghz=4 gib=8 net=z1d ebs=m5zn,xlarge:1580@6667-3170@13333 vol=m5d store=m5d efa=n
              crypt=n

# Storage optimized

d2            ghz=2.4 gib=7.625 ram=8xlarge:244 sizes=xlarge,2,4,8 vcpus=8xlarge:36
              net=c4,xlarge:Moderate@1.25-2.8 eni=4:4x15,16:8x30 ebs=m4 vol=40
              store=4:3x2048,8:6x2048,16:12x2048,36:24x2048 disk=hdd enclaves=n tpm=n gen=previous
              hyper=xen ena=unsupported crypt=n root=store
d3            ghz=3.1 gib=8 sizes=xlarge,2,4,8 net=4:3-15,8:6-15,16:12.5-15,32:25 eni=d3 ebs=d3
              vol=4:24,8:21,16:15,32:3 store=4:3x1980,8:6x1980,16:12x1980,32:24x1980 disk=hdd enclaves=y
              hosts=n
d3en          as=d3 gib=4 sizes=xlarge,2,4,6,8,12 net=c6gn,xlarge:6-25 eni=d3,8xlarge:4x20 vol=d3en
              store=d3en

h1            as=r4 gib=4 sizes=2,4,8,16 eni=m5zn
              ebs=8:1750@12000,16:3500@20000,32:7000@40000,64:14000@80000
              store=8:1x2000,16:2x2000,32:4x2000,64:8x2000 disk=hdd hib=n gen=current

i2            as=d2 ghz=2.5 ram=- vcpus=- net=m2 ebs=m2 store=4:1x800,8:2x800,16:4x800,32:8x800 disk=ssd
              ebsopt=4:supported,32:unsupported
i3            as=r4 net=z1d ebs=i3 store=i3 gen=current nvme=supported
i3en          ghz=3.1 gib=8 sizes=large,xlarge,2,3,6,12,24,metal vcpus=metal:96
              net=m5n,xlarge:4.2-25,2xlarge:8.4-25 eni=m5 ebs=i3en vol=i3en store=i3en hib=..12 efa=48..
i4g           cpu=AWS ghz=2.5 gib=8 sizes=large,xlarge,2,4,8,16 net=i4g eni=m5 ebs=i4g vol=m5d,4xlarge:26
              store=i4g hib=..16 enclaves=y tpm=n efa=64.. srd=16..
i4i           as=m6i gib=8 net=i4g eni=m5,24xlarge:15x30 ebs=i4g vol=m5d,4xlarge:26,12xlarge:24,24xlarge:21
              store=i4g hib=n hosts=y,12xlarge:n,24xlarge:n gen=current queues=-

i7i           as=m7i ghz=2.4 gib=8 net=i7i ebs=i4g store=i4g hib=..16 efa=192..,24xlarge:y hosts=y
i7ie          ghz=3.6 gib=8 sizes=large,xlarge,2,3,6,12,18,24,48,metal-24xl,metal-48xl net=i7ie
              eni=m5,12xlarge:8x50 ebs=i4g vol=m7a store=i3en hib=..12 efa=192.. srd=24..

i8g           as=i7i cpu=AWS ghz=2.8 net=i8g enclaves=y efa=192.. srd=32..
i8ge          as=i7ie cpu=AWS ghz=2:2.8,192:2.7 net=i8ge eni=m8gb,24xlarge:16x50,metal-24xl:16x50
              enclaves=y idle=350 queues=i8ge,metal:-

im4gn         as=i4g gib=4 net=c6gn,large:3.125-25,xlarge:6.25-25 ebs=m8gn store=im4gn hib=..32 enclaves=n
              tpm=y

is4gen        cpu=AWS ghz=2.5 gib=6 sizes=medium,large,xlarge,2,4,8 net=is4gen eni=m5
              ebs=m8gn,medium:625@2500-10000@40000 vol=m5d,8xlarge:23 store=is4gen hib=..16 enclaves=n
              tpm=n hosts=n

# Accelerated computing

p3dn          ghz=2.5 gib=8 sizes=24 net=100 eni=15x50 ebs=19000@80000 vol=17 store=2x900 acc=8xV100
              enclaves=y tpm=n efa=y
p4d           ghz=3 gib=12 sizes=24 net=4x_100@400 cards=4 eni=60x50 ebs=19000@80000 vol=28 store=8x1000
              acc=8xA100 enclaves=y tpm=n efa=y usage=capacity-block+on-demand+spot boot=legacy-bios
p4de          as=p4d acc=8xA100-80G hosts=n

p5            cpu=AMD ghz=3.6 ram=16:256,192:2048 sizes=4,48 net=16:100,192:3200 cards=16:1,192:32
              eni=16:4x30,192:64x50 ebs=16:10000@32500,192:80000@260000 vol=16:32,192:64
              store=16:1x3800,192:8x3800 acc=16:1xH100,192:8xH100 enclaves=y efa=y hosts=n
              usage=capacity-block+on-demand+spot srd=y
p5e           as=p5 ram=2048 sizes=48 net=3200 cards=32 eni=64x50 ebs=80000@260000 vol=64 store=8x3800
              acc=8xH200
p5en          as=p5e cpu=Intel ghz=2.4 cards=16 ebs=100000@400000

p6-b200       as=p5en net=3200@1600 cards=8 eni=32x50 acc=8xB200 enclaves=n idle=350
p6-b300       as=p5en ram=4096 net=6400@6750 cards=17 eni=68x50 acc=8xB300 idle=350

g4ad          cpu=AMD ghz=3 gib=4 sizes=xlarge,2,4,8,16 net=g4ad eni=4:2x4,16:3x10,32:4x15,64:8x30 ebs=g4ad
              vol=4:25,32:24,64:21 store=g4ad acc=4:1xRadeon-V520,32:2xRadeon-V520,64:4xRadeon-V520
              enclaves=n tpm=n hosts=..32 boot=legacy-bios
g4dn          ghz=2.5 gib=4 sizes=xlarge,2,4,8,12,16,metal vcpus=metal:96 net=g4dn eni=g4dn ebs=g4dn
              vol=g4dn store=4:1x125,8:1x225,32:1x900,metal:2x900 acc=4:1xT4,48:4xT4,64:1xT4,metal:8xT4
              enclaves=y efa=32.. hosts=48..,16xlarge:n

g5            cpu=AMD ghz=3.3 gib=4 sizes=xlarge,2,4,8,12,16,24,48 net=g5 eni=m4 ebs=g5 vol=g4dn store=g5
              acc=4:1xA10G,48:4xA10G,64:1xA10G,96:4xA10G,192:8xA10G enclaves=y efa=32.. hosts=96..
g5g           as=m6g gib=2 sizes=xlarge,2,4,8,16,metal vol=m6gd acc=4:1xT4g,64:2xT4g hib=n enclaves=n tpm=n
              hosts=64.. recover=y,metal:n

g6            as=g5 ghz=3.4 eni=m5 ebs=g6 vol=m7a store=g6 acc=4:1xL4,48:4xL4,64:1xL4,96:4xL4,192:8xL4
              srd=192..
g6e           as=g5 ghz=3.4 gib=8 net=g6e cards=4:1,96:2,192:4 eni=m5zn,12xlarge:10x30,16xlarge:15x50
              ebs=g6 vol=m7a store=g6e acc=4:1xL40S,48:4xL40S,64:1xL40S,96:4xL40S,192:8xL40S srd=48..
g6f           cpu=AMD ghz=3.4 gib=4 sizes=large,xlarge,2,4 net=g5 eni=m4 ebs=g6,4xlarge:6000@24000 vol=32
              store=2:1x100,8:1x200,16:1x450 acc=2:1/8xL4,8:1/4xL4,16:1/2xL4 hosts=n

g7e           ghz=2.4 gib=8 ram=12xlarge:512,24xlarge:1024,48xlarge:2048 sizes=2,4,8,12,24,48 net=g7e
              cards=8:1,96:2,192:4 eni=g7e ebs=g7e vol=m7a store=8:1x1900,48:1x3800,96:2x3800,192:4x3800
              acc=8:1xRTX-PRO-6000,48:2xRTX-PRO-6000,96:4xRTX-PRO-6000,192:8xRTX-PRO-6000 enclaves=y
              efa=32.. hosts=48.. idle=350 srd=48..

gr6           cpu=AMD ghz=3.4 gib=8 sizes=4,8 net=16:10-25,32:25 eni=8x30 ebs=16:8000@32000,32:16000@64000
              vol=32 store=16:1x600,32:2x450 acc=1xL4 enclaves=y efa=32.. hosts=n
gr6f          as=gr6 sizes=4 net=10-25 ebs=8000@32000 store=1x450 acc=1/2xL4 efa=n

inf1          ghz=2.5 gib=2 sizes=xlarge,2,6,24 net=g4dn,2xlarge:5-25 eni=4:4x10,24:8x30,96:11x30 ebs=inf1
              vol=m6gd,24xlarge:11 acc=4:1xInferentia,24:4xInferentia,96:16xInferentia enclaves=y efa=96..
              hosts=24..
inf2          cpu=AMD ghz=3.6 gib=4 sizes=xlarge,8,24,48 net=4:2.083-15,32:16.667-25,96:50,192:100 eni=m5
              ebs=c8in vol=4:26,96:28 acc=4:1xInferentia2,96:6xInferentia2,192:12xInferentia2 enclaves=y
              hosts=96.. recover=n

trn1          ghz=3.5 gib=4 sizes=2,32 net=8:3.125-12.5,128:8x_100@800 cards=8:1,128:8 eni=8:4x15,128:40x50
              ebs=8:5000@16250-20000@65000,128:80000@260000 vol=8:25,128:28 store=8:1x474,128:4x1900
              acc=8:1xTrainium,128:16xTrainium enclaves=n tpm=n efa=128..
              usage=8:on-demand+spot,128:capacity-block+on-demand+spot boot=legacy-bios
trn1n         ghz=3.5 gib=4 sizes=32 net=16x_100@1600 cards=16 eni=80x50 ebs=80000@260000 vol=28
              store=4x1900 acc=16xTrainium enclaves=n tpm=n efa=y hosts=n boot=legacy-bios
trn2          ghz=3.5 ram=12:128,192:2048 sizes=3,48 net=12:200@50,192:16x_200@3200 cards=12:1,192:16
              eni=12:2x15,192:32x50 ebs=12:5000@16250,192:80000@260000 vol=12:32,192:64
              store=12:1x470,192:4x1900 acc=12:1xTrainium2,192:16xTrainium2 enclaves=y tpm=192.. efa=y
              hosts=n usage=capacity-block+on-demand+spot

dl1           as=p4d gib=8 store=4x1000 acc=8xGaudi usage=on-demand+spot
dl2q          as=p3dn vol=19 store=- acc=8xAI100 recover=n

f2            cpu=AMD ghz=3.4 ram=24:256,48:512,192:2048 sizes=6,12,48 net=24:12.5,48:25,192:100
              eni=24:8x30,192:15x50 ebs=c8in vol=24:32,192:128 store=24:1x940,48:2x940,192:8x940
              acc=24:1xVU47P,48:2xVU47P,192:8xVU47P enclaves=y efa=192..

vt1           ghz=2.5 gib=2 sizes=3,6,24 net=12:3.125,24:6.25,96:25 eni=m5 ebs=inf1 vol=12:25,24:23,96:27
              enclaves=n tpm=n efa=96.. place=spread boot=legacy-bios
`;
