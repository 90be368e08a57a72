using Microsoft.AspNetCore.Http.HttpResults;

namespace SiemForwarder.Service.Api;

/// <summary>The error responses of the API, as problem details (RFC 9457).</summary>
internal static class Problems
{
    public static ProblemHttpResult NotFound(string what, object id) =>
        TypedResults.Problem($"There is no {what} with the id {id}.", statusCode: StatusCodes.Status404NotFound, title: "Not found");

    public static ProblemHttpResult Stale(string what) => TypedResults.Problem(
        $"The {what} has changed since you read it. Read it again and repeat your change with the new ETag in If-Match.",
        statusCode: StatusCodes.Status412PreconditionFailed, title: "Changed meanwhile");

    public static ProblemHttpResult VersionMissing(string what) => TypedResults.Problem(
        $"To change or delete this {what}, send the ETag from the last GET in the If-Match header.",
        statusCode: StatusCodes.Status428PreconditionRequired, title: "If-Match is missing");

    public static ProblemHttpResult NameTaken(string what, string name) => TypedResults.Problem(new HttpValidationProblemDetails(
        new Dictionary<string, string[]> { ["name"] = [$"Another {what} is named '{name}'; names are unique."] })
    {
        Status = StatusCodes.Status409Conflict,
        Title = "Name taken",
    });

    public static ValidationProblem Invalid(FieldErrors errors) => TypedResults.ValidationProblem(errors.ByField);
}
