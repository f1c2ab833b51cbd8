/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Poll and WAKE: kmod/wait.c, ipcx_arm() and ipcx_wake_dir(). Publishers send
 * K messages; users learn of them by poll or epoll alone. U users, of which
 * those in the mask EPOLL stay on the wait queue for good, and the others enter
 * and leave it; those in the mask OTHERS ask for EPOLLRDNORM instead of EPOLLIN.
 * A user takes one message, or goes away for good.
 *
 * Each #ifdef of another name is a mutant.
 */
#ifndef K
#define K		3
#endif
#define PUBLISHERS	2
#ifndef U
#define U		2
#endif
#ifndef EPOLL
#define EPOLL		1
#endif
#ifndef OTHERS
#define OTHERS		0
#endif
#define B(i)		(1 << (i))

byte there, published;
bit armed;
byte queued, called, asleep;	/* sets of users */
byte arms, wakes;

#ifdef WAKE_BY_KEY
#define CALLED		(queued & ~OTHERS)
#else
#define CALLED		queued
#endif

inline wake() {
	wakes++;
#ifdef WAKE_THEN_DISARM
	called = called | CALLED;
	armed = 0
#elif defined(DISARM_IF_NOBODY)
	if
	:: queued -> called = called | CALLED
	:: else -> armed = 0
	fi
#else
	armed = 0;
	called = called | CALLED
#endif
}

proctype Publisher() {
	do
	:: d_step { published < K -> published++; there++ };
		if
		:: armed -> wake()
		:: else
		fi
	:: published == K -> break
	od
}

proctype User(byte id) {
	bit ready;
poll:
	atomic { queued = queued | B(id); called = called & ~B(id) };
	d_step { armed = 1; arms++ };
	ready = (there > 0);
	if
	:: !ready ->
		asleep = asleep | B(id);
		called & B(id);
		d_step {
			asleep = asleep & ~B(id);
			if
			:: !(EPOLL & B(id)) -> queued = queued & ~B(id)
			:: else
			fi
		};
		goto poll
	:: else
	fi;
	ready = 0;
	d_step {
		if
		:: !(EPOLL & B(id)) -> queued = queued & ~B(id)
		:: else
		fi
	};
	if
	:: d_step { there > 0 -> there-- }; goto poll
	:: there == 0 -> goto poll
	:: true -> queued = queued & ~B(id)
	fi
}

proctype Monitor() {
	timeout;
	/* None lost: nobody sleeps beside a message. None for nothing. */
	assert(!(asleep && there));
	assert(wakes <= PUBLISHERS * arms)
}

init {
	byte i;

	atomic {
		run Publisher();
		run Publisher();
		do
		:: i < U -> run User(i); i++
		:: else -> break
		od;
		run Monitor()
	}
}
