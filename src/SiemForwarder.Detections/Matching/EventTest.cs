using SiemForwarder.Detections.Fields;
using SiemForwarder.Events;

namespace SiemForwarder.Detections.Matching;

/// <summary>What is known of a test before the event itself is looked at.</summary>
internal enum Foreknowledge
{
    Never,
    Maybe,
    Always,
}

/// <summary>A compiled part of a rule: whether an event is as it says.</summary>
internal abstract class EventTest
{
    public abstract bool Holds(EventFields fields);

    /// <summary>What type, kind and outcome of the event alone say of it, so that a rule for another type is never asked.</summary>
    public virtual Foreknowledge Foresee(EventFields fields, FieldTable table) => Foreknowledge.Maybe;
}

/// <summary>All of some tests.</summary>
internal sealed class AllTest(IReadOnlyList<EventTest> tests) : EventTest
{
    private readonly EventTest[] tests = [.. tests];

    public override bool Holds(EventFields fields)
    {
        foreach (var test in tests)
        {
            if (!test.Holds(fields))
            {
                return false;
            }
        }

        return true;
    }

    public override Foreknowledge Foresee(EventFields fields, FieldTable table) =>
        tests.Length == 0 ? Foreknowledge.Always : tests.Min(test => test.Foresee(fields, table));
}

/// <summary>At least so many of some tests.</summary>
internal sealed class SomeTest(IReadOnlyList<EventTest> tests, int minimum) : EventTest
{
    private readonly EventTest[] tests = [.. tests];

    public override bool Holds(EventFields fields)
    {
        var found = 0;
        foreach (var test in tests)
        {
            if (test.Holds(fields) && ++found >= minimum)
            {
                return true;
            }
        }

        return false;
    }

    public override Foreknowledge Foresee(EventFields fields, FieldTable table)
    {
        var certain = 0;
        var possible = 0;
        foreach (var test in tests)
        {
            var foreseen = test.Foresee(fields, table);
            certain += foreseen == Foreknowledge.Always ? 1 : 0;
            possible += foreseen == Foreknowledge.Never ? 0 : 1;
        }

        return certain >= minimum ? Foreknowledge.Always : possible < minimum ? Foreknowledge.Never : Foreknowledge.Maybe;
    }
}

/// <summary>The opposite of a test.</summary>
internal sealed class NotTest(EventTest test) : EventTest
{
    public override bool Holds(EventFields fields) => !test.Holds(fields);

    public override Foreknowledge Foresee(EventFields fields, FieldTable table) => (Foreknowledge)(2 - (int)test.Foresee(fields, table));
}

/// <summary>A test of one field, and so foreseeable where the field is the same for all events of a type.</summary>
internal abstract class OneFieldTest(int slot) : EventTest
{
    protected int Slot { get; } = slot;

    public override Foreknowledge Foresee(EventFields fields, FieldTable table) =>
        !IsForeseen(fields, table) ? Foreknowledge.Maybe : Holds(fields) ? Foreknowledge.Always : Foreknowledge.Never;

    private bool IsForeseen(EventFields fields, FieldTable table) => table.RouteOf(Slot) switch
    {
        FieldRoute.PerType => true,
        FieldRoute.PerRule => fields.Event.Kind == EventKind.Detection,
        _ => false,
    };
}

/// <summary>A field with any value that matches; of a list, any element.</summary>
internal sealed class FieldTest(int slot, ValueMatcher matcher) : OneFieldTest(slot)
{
    public override bool Holds(EventFields fields) => AnyMatches(fields[Slot], matcher);

    internal static bool AnyMatches(in FieldValue value, ValueMatcher matcher)
    {
        if (value.IsScalar)
        {
            return matcher.IsMatch(value);
        }

        foreach (ref readonly var item in value.Items)
        {
            if (AnyMatches(item, matcher))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>A field that has a value, and none that matches.</summary>
internal sealed class OtherValueTest(int slot, EventTest same) : OneFieldTest(slot)
{
    public override bool Holds(EventFields fields) => HasValue(fields[Slot]) && !same.Holds(fields);

    private static bool HasValue(in FieldValue value)
    {
        if (value.IsScalar)
        {
            return true;
        }

        foreach (ref readonly var item in value.Items)
        {
            if (HasValue(item))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>A field that is absent or null.</summary>
internal sealed class NullTest(int slot) : OneFieldTest(slot)
{
    public override bool Holds(EventFields fields) => fields[Slot].IsAbsentOrNull;
}

/// <summary>A field that is there, whatever its value.</summary>
internal sealed class ExistsTest(int slot) : OneFieldTest(slot)
{
    public override bool Holds(EventFields fields) => fields[Slot].Kind != FieldKind.Absent;
}

/// <summary>A field that says the same as another one, case aside unless told.</summary>
internal sealed class FieldReferenceTest(int slot, int other, Func<string, string, bool> compare) : EventTest
{
    public override bool Holds(EventFields fields)
    {
        var left = fields[slot];
        var right = fields[other];
        return AnyPair(left, right);
    }

    private bool AnyPair(in FieldValue left, in FieldValue right)
    {
        if (left.IsScalar && right.IsScalar)
        {
            return compare(left.Text, right.Text);
        }

        foreach (ref readonly var item in left.Items)
        {
            if (AnyPair(item, right))
            {
                return true;
            }
        }

        foreach (ref readonly var item in right.Items)
        {
            if (left.IsScalar && AnyPair(left, item))
            {
                return true;
            }
        }

        return false;
    }
}

/// <summary>A word anywhere in any text value of the event.</summary>
internal sealed class KeywordTest(ValueMatcher matcher) : EventTest
{
    public override bool Holds(EventFields fields)
    {
        foreach (var text in fields.Texts)
        {
            if (matcher.IsMatch(FieldValue.Of(text)))
            {
                return true;
            }
        }

        return false;
    }
}
