//
// The registers of a Cortex-M for a Trap of the bridge (docs/bridge.md): R0 to R15, xPSR, MSP, PSP, PRIMASK, CONTROL, VTOR.
// Renode compiles this file before TwinsBus.cs.
//
using System.Linq;

using Antmicro.Renode.Peripherals.CPU;

namespace Antmicro.Renode.Peripherals.Miscellaneous
{
    public static class TwinsRegisters
    {
        public static uint[] All(TranslationCPU cpu)
        {
            var values = Enumerable.Range(0, 16).Select(i => Get(cpu, i)).ToList();
            var processStack = (Get(cpu, Control) & 2) != 0;
            var other = Get(cpu, OtherStackPointer);
            values.Add(Get(cpu, ProgramStatus));
            values.Add(processStack ? other : values[StackPointer]);
            values.Add(processStack ? values[StackPointer] : other);
            values.Add(Get(cpu, PriMask));
            values.Add(Get(cpu, Control));
            values.Add(((CortexM)cpu).VectorTableOffset);
            return values.ToArray();
        }

        // A ROM function is an ordinary function: it changes the general registers.
        public static void Put(TranslationCPU cpu, uint[] values)
        {
            for(var i = 0; i < ProgramCounter; i++)
            {
                Set(cpu, i, values[i]);
            }
            cpu.PC = values[ProgramCounter] | 1;
        }

        public static uint Get(TranslationCPU cpu, int index)
        {
            return (uint)cpu.GetRegister(index).RawValue;
        }

        public static void Set(TranslationCPU cpu, int index, uint value)
        {
            cpu.SetRegister(index, RegisterValue.Create(value, 32));
        }

        // The numbers that Renode gives them.
        public const int StackPointer = 13;
        public const int LinkRegister = 14;
        public const int ProgramCounter = 15;

        private const int Control = 18;
        private const int OtherStackPointer = 22;
        private const int ProgramStatus = 25;
        private const int PriMask = 28;
    }
}
