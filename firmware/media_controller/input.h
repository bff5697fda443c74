/* Rotary encoder with a key: A on GPIO10, B on GPIO11, KEY on GPIO12, contacts to ground. */
#ifndef INPUT_H
#define INPUT_H

void input_init(void);
/* Is there anything to take? Asked with interrupts off before the core goes to sleep. */
int input_waiting(void);
/* Detents turned since the last call: clockwise is positive. */
int input_take_steps(void);
/* Presses of the key since the last call. */
int input_take_presses(void);

#endif
