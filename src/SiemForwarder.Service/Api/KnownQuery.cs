using System.Collections.Concurrent;
using System.Reflection;
using Microsoft.AspNetCore.Mvc;

namespace SiemForwarder.Service.Api;

/// <summary>Marks an endpoint that accepts arbitrary query parameters.</summary>
internal sealed class AnyQuery;

/// <summary>Marks an endpoint whose filter reads a query parameter beside those of its handler.</summary>
/// <param name="Name">The parameter.</param>
internal sealed record FilterQuery(string Name);

/// <summary>Rejects unknown query parameters: a mistyped filter would otherwise return everything.</summary>
internal sealed class KnownQuery
{
    private readonly ConcurrentDictionary<MethodInfo, IReadOnlyList<string>> known = new();

    public Task RunAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Query.Count == 0 || context.GetEndpoint()?.Metadata is not { } metadata || metadata.GetMetadata<MethodInfo>() is not { } method
            || metadata.GetMetadata<AnyQuery>() is not null || !context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal))
        {
            return next(context);
        }

        var errors = new FieldErrors();
        string[] names = [.. known.GetOrAdd(method, NamesOf), .. metadata.GetOrderedMetadata<FilterQuery>().Select(query => query.Name)];
        foreach (var (name, values) in context.Request.Query)
        {
            if (!names.Contains(name, StringComparer.OrdinalIgnoreCase))
            {
                errors.Add(name, names.Length == 0
                    ? "This resource has no query parameters." : $"Unknown query parameter; this resource has {string.Join(", ", names)}.");
            }
            else if (values.Any(value => value?.Contains('\0') == true))
            {
                errors.Add(name, StorableText.Sentence);
            }
        }

        return errors.Any ? Problems.Invalid(errors).ExecuteAsync(context) : next(context);
    }

    private static IReadOnlyList<string> NamesOf(MethodInfo method) =>
    [
        .. method.GetParameters().SelectMany(parameter => parameter.GetCustomAttribute<AsParametersAttribute>() is null
            ? Named(parameter, parameter.Name!, parameter.ParameterType)
            : parameter.ParameterType.GetProperties().SelectMany(property => Named(property, property.Name, property.PropertyType))),
    ];

    private static IEnumerable<string> Named(ICustomAttributeProvider member, string name, Type type)
    {
        var attribute = member.GetCustomAttributes(inherit: true).OfType<FromQueryAttribute>().FirstOrDefault();
        var kind = Nullable.GetUnderlyingType(type) ?? type;
        if (attribute is not null || kind.IsPrimitive || kind == typeof(string) || kind == typeof(DateTimeOffset))
        {
            yield return attribute?.Name ?? name;
        }
    }
}
