using System.Diagnostics.CodeAnalysis;

namespace SiemForwarder.Connections;

/// <summary>What came of one step: its result, or the fault that ended it.</summary>
public readonly struct Result<T>
    where T : class
{
    private readonly T? value;
    private readonly Fault? fault;

    private Result(T? value, Fault? fault)
    {
        this.value = value;
        this.fault = fault;
    }

    public static implicit operator Result<T>(T value) => new(value, null);

    public static implicit operator Result<T>(Fault fault) => new(null, fault);

    public bool TryGet([NotNullWhen(true)] out T? result, [NotNullWhen(false)] out Fault? reason)
    {
        result = value;
        reason = fault;
        return value is not null;
    }
}
